package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOnlyFailedTestsShowTheirOutput(t *testing.T) {
	r := report{}
	printed := ""
	for _, e := range []event{
		{"start", "p", "", ""},
		{"output", "p", "TestGood", "good\n"},
		{"output", "p", "TestBad", "bad\n"},
		{"pass", "p", "TestGood", ""},
		{"fail", "p", "TestBad", ""},
		{"output", "p", "", "FAIL\n"},
		{"output", "p", "", "FAIL\tp\t1s\n"},
		{"fail", "p", "", ""},
		{"start", "q", "", ""},
		{"output", "q", "", "a line of TestMain\n"},
		{"output", "q", "", "ok  \tq\t1s\n"},
		{"pass", "q", "", ""},
		{"start", "r", "", ""},
		{"output", "r", "TestCrash", "panic\n"},
		{"output", "r", "", "FAIL\tr\t1s\n"},
		{"fail", "r", "", ""},
		{"build-output", "", "", "main.go:1: syntax error\n"},
	} {
		printed += r.add(e)
	}
	assert.Equal(t, "run \tp\nbad\nFAIL\nFAIL\tp\t1s\nrun \tq\nok  \tq\t1s\nrun \tr\npanic\nFAIL\tr\t1s\nmain.go:1: syntax error\n", printed)
}

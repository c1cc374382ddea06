package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOnlyFailedTestsShowTheirOutput(t *testing.T) {
	r := report{outputs: map[test]string{}, starts: map[string]time.Time{}}
	printed := ""
	for _, e := range []event{
		{time.Unix(1, 0), "start", "p", "", ""},
		{time.Unix(1, 0), "output", "p", "TestGood", "good\n"},
		{time.Unix(1, 0), "output", "p", "TestBad", "bad\n"},
		{time.Unix(1, 0), "pass", "p", "TestGood", ""},
		{time.Unix(1, 0), "fail", "p", "TestBad", ""},
		{time.Unix(1, 0), "output", "p", "", "FAIL\n"},
		{time.Unix(2, 0), "fail", "p", "", ""},
		{time.Unix(2, 0), "start", "q", "", ""},
		{time.Unix(3, 0), "start", "r", "", ""}, // waits for q
		{time.Unix(5, 0), "output", "q", "", "a line of TestMain\n"},
		{time.Unix(5, 0), "pass", "q", "", ""},
		{time.Unix(7, 0), "pass", "r", "", ""},
		{time.Unix(7, 0), "start", "s", "", ""},
		{time.Unix(7, 0), "output", "s", "TestCrash", "panic\n"},
		{time.Unix(7, 0), "fail", "s", "", ""},
		{time.Unix(7, 0), "build-output", "", "", "main.go:1: syntax error\n"},
	} {
		printed += r.add(e)
	}
	assert.Equal(t, "run \tp\nbad\nFAIL\nrun \tq\nrun \tr\nok  \tq\t3.0s\nok  \tr\t2.0s\nrun \ts\npanic\nmain.go:1: syntax error\n", printed)
}

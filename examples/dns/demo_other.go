//go:build !linux

package main

import (
	"context"
	"errors"
)

func demonstrate(context.Context, settings, *zone) error {
	return errors.New("the demonstration needs Linux: use -mode=kernel -listen=127.0.0.1:5353")
}

//go:build !unix

package main

import (
	"os/exec"
	"testing"
)

func mountSmall(*testing.T, string) bool { return false }

func apart(*exec.Cmd) {}

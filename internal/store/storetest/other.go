//go:build !unix

package storetest

import "syscall"

// unprivileged: the machine has no server in the folders that the tests look in.
func unprivileged(string) (*syscall.SysProcAttr, error) { return nil, nil }

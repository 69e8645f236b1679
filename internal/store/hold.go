package store

import (
	"context"
	"errors"
	"fmt"
)

// errHeld tells that somebody else has the hold.
var errHeld = errors.New("held by another")

// hold is an exclusive lock by which one process has something for itself. It ends with its process, however that
// ends: on SQLite it is a lock of the operating system on a file beside the database, on PostgreSQL an advisory
// lock of the server on a connection that is kept for it.
type hold struct{ release func() error }

func (h *hold) free() error { return h.release() }

// hold takes the lock of that name, for the whole installation, or answers errHeld at once.
func (s *Store) hold(ctx context.Context, name string) (*hold, error) {
	if s.locks != nil {
		return s.takeLock(ctx, name)
	}
	return takeHold(s.path + "-" + name + ".lock")
}

// Hold takes what one process of the installation may have at a time, by its name, until release is called or the process
// dies. ErrRunning when another has it.
func (s *Store) Hold(ctx context.Context, name string) (release func() error, err error) {
	h, err := s.hold(ctx, name)
	if errors.Is(err, errHeld) {
		return nil, fmt.Errorf("store %s: %s: another process has it: %w", s.path, name, ErrRunning)
	}
	if err != nil {
		return nil, s.fail("taking hold of "+name, nothingSaved, err)
	}
	return h.free, nil
}

// takeHold takes the lock of that file, or answers errHeld at once. The file stays: removing it would let two
// processes lock two files of one name.
func takeHold(path string) (*hold, error) {
	f, err := lockFile(path)
	if errors.Is(err, errHeld) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %v", path, err)
	}
	return &hold{f.Close}, nil
}

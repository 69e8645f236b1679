package store

import (
	"errors"
	"fmt"
	"os"
)

// errHeld tells that somebody else has the hold.
var errHeld = errors.New("held by another")

// hold is an exclusive lock on a file beside the database. The operating system frees it when the process
// dies, however it dies. The file stays: removing it would let two processes lock two files of one name.
type hold struct{ file *os.File }

// takeHold takes the lock of that file, or answers errHeld at once.
func takeHold(path string) (*hold, error) {
	f, err := lockFile(path)
	if errors.Is(err, errHeld) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %v", path, err)
	}
	return &hold{f}, nil
}

func (h *hold) free() error { return h.file.Close() }

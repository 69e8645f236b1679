//go:build !linux && !darwin

package doctor

import "errors"

// Space gives the free bytes, for who runs the program, and all bytes of the file system of a folder.
func Space(string) (free, size uint64, err error) {
	return 0, 0, errors.New("the free space cannot be asked for on this system")
}

//go:build linux || darwin

package doctor

import "syscall"

// Space gives the free bytes, for who runs the program, and all bytes of the file system of a folder.
func Space(folder string) (free, size uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, 0, err
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
}

package index

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Look is what stands in the folder of an index, seen without altering anything.
type Look struct {
	Calls  int   // that can be found
	Cursor int64 // the feed position up to which they are indexed
	Whole  bool  // it holds all of the feed up to there
	Fits   bool  // its mapping is this program's; else it is built anew when it is next opened
}

// Inspect looks at the index in a folder and reads all of it, to compare it with its checksums. Where there is none the error
// is fs.ErrNotExist; ErrBusy while another process has it open; ErrDamaged when it cannot be read.
func Inspect(dir string) (l Look, err error) {
	if _, err := os.Stat(dir); err != nil {
		return l, fmt.Errorf("index %s: %w", dir, err)
	}
	names, err := shardDirs(dir)
	if err != nil {
		return l, err
	}
	hash := mappingHash()
	var best *shardName
	for i, n := range names {
		if best == nil || (n.hash == hash) && best.hash != hash || (n.hash == hash) == (best.hash == hash) && n.n > best.n {
			best = &names[i]
		}
	}
	if best == nil {
		return l, fmt.Errorf("index %s: %w", dir, fs.ErrNotExist)
	}
	path := filepath.Join(dir, best.String())
	s, err := openShard(path, *best)
	switch {
	case err != nil && inUse(err):
		return l, fmt.Errorf("%w: %s", ErrBusy, path)
	case err != nil:
		return l, fmt.Errorf("%w: %s: %s", ErrDamaged, path, strings.TrimSpace(err.Error()))
	}
	defer func() { err = errors.Join(err, s.close()) }()
	n, err := s.bleve.DocCount()
	if err != nil {
		return l, fmt.Errorf("%w: %s: %v", ErrDamaged, path, err)
	}
	l = Look{Calls: int(n), Whole: s.flag(keyWhole) == "1", Fits: best.hash == hash && s.flag(keyLayout) == layout}
	l.Cursor, err = s.cursor()
	return l, err
}

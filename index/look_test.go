package index

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

// An index is looked at without being altered: not while somebody has it, and not when it is damaged.
func TestInspect(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, none := range []string{dir, filepath.Join(dir, "none")} {
		if _, err := Inspect(none); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", none, err)
		}
	}
	ix, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ix.Sync(t.Context(), forests(7)); err != nil {
		t.Fatal(err)
	}
	if _, err := Inspect(dir); !errors.Is(err, ErrBusy) {
		t.Errorf("while it is open: %v", err)
	}
	if err := ix.Check(); err != nil {
		t.Errorf("whole: %v", err)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	before := dirs(t, dir)
	want := Look{Calls: 7, Cursor: 7, Whole: true, Fits: true}
	if l, err := Inspect(dir); err != nil || l != want {
		t.Errorf("got %+v, %v, want %+v", l, err, want)
	}
	names, err := shardDirs(dir)
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	flip(t, segmentFile(t, filepath.Join(dir, names[0].String(), "store")))
	if _, err := Inspect(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
	checkDirs(t, dir, before...)
}

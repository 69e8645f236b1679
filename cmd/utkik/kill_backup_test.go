package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKilledBackup kills backups and restores at random moments. What is there by the name that was asked for is whole; what
// was killed is no trouble to who tries again; and nobody takes what is left for a store.
func TestKilledBackup(t *testing.T) {
	program, portal, address, r := hunt(t)
	w := newWatched(t, program, address)
	w.now = portal.Days()[0]
	w.must("crawl")
	want := w.must("export")
	dir := t.TempDir()
	begin := time.Now()
	w.must("backup", filepath.Join(dir, "first"))
	long := time.Since(begin)
	killed, whole := 0, 0
	for n := range 2 * *kills {
		file := filepath.Join(dir, fmt.Sprint("backup", n))
		if w.killed(time.Duration(r.Int64N(int64(long*5/4))), "backup", file) {
			killed++
		}
		if _, err := os.Lstat(file); err == nil {
			whole++
		} else {
			w.must("backup", file) // over what was left
		}
		if left, err := filepath.Glob(file + "?*"); err != nil || len(left) > 1 || len(left) == 1 && !strings.HasSuffix(left[0], ".part") {
			t.Errorf("left behind: %q, %v", left, err)
		}
		data := filepath.Join(dir, fmt.Sprint("data", n))
		if w.killed(time.Duration(r.Int64N(int64(long*5/4))), "--data", data, "restore", file) {
			killed++
		}
		db := filepath.Join(data, "utkik.db")
		if _, err := os.Lstat(db); err != nil {
			w.must("--data", data, "restore", file)
		}
		if got := w.must("--data", data, "export"); got != want {
			t.Errorf("restored after a kill: %d bytes are exported, want %d", len(got), len(want))
		}
	}
	t.Logf("killed %d times; %d of %d backups were whole before", killed, whole, 2**kills)
}

package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

// forests is a feed of n calls about forests.
func forests(n int) listFeed {
	var out listFeed
	for i := range n {
		out = append(out, entry(i+1, call.Call{
			Title: fmt.Sprintf("Forest number%d", i+1), Text: strings.Repeat("Trees store carbon in their wood. ", 20), Language: "en",
		}))
	}
	return out
}

func dirs(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.Replace(e.Name(), mappingHash(), "HASH", 1))
	}
	return out
}

func checkCount(t *testing.T, ix *Index, count int, cursor int64) {
	t.Helper()
	n, err := ix.Count()
	if err != nil || n != count {
		t.Errorf("count %d, %v, want %d", n, err, count)
	}
	c, err := ix.Cursor()
	if err != nil || c != cursor {
		t.Errorf("cursor %d, %v, want %d", c, err, cursor)
	}
	if got := search(t, ix, Query{Text: "forest"}).Total; got != count {
		t.Errorf("found %d forests, want %d", got, count)
	}
}

func checkDirs(t *testing.T, dir string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, dirs(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

func TestSyncGoesOnFromTheCursor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	feed := forests(1203)
	ix := reopen(t, dir, feed)
	if !ix.NeedsRebuild() {
		t.Error("a new index does not ask for its first filling")
	}
	steps := []struct{ upTo, read int }{{3, 3}, {3, 0}, {1203, 1200}, {1203, 0}}
	for _, s := range steps {
		n, err := ix.Sync(t.Context(), feed[:s.upTo])
		if err != nil || n != s.read {
			t.Fatalf("sync to %d read %d, %v, want %d", s.upTo, n, err, s.read)
		}
		if ix.NeedsRebuild() {
			t.Error("a filled index asks for a rebuild")
		}
		checkCount(t, ix, s.upTo, int64(s.upTo))
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	ix = reopen(t, dir, feed)
	if ix.NeedsRebuild() {
		t.Error("a filled index asks for a rebuild when reopened")
	}
	checkCount(t, ix, 1203, 1203)
	checkDirs(t, dir, "search-HASH-1")
}

func TestSyncChangesAndRemoves(t *testing.T) {
	t.Parallel()
	feed := forests(3)
	ix := open(t, feed)
	changed := entry(4, call.Call{Ref: "1", Title: "Forest and lake", Language: "en"})
	removed := entry(5, call.Call{Ref: "2"})
	removed.Removed = true
	absent := entry(6, call.Call{Ref: "99"})
	absent.Removed = true
	feed = append(feed, changed, removed, absent)
	if n, err := ix.Sync(t.Context(), feed); n != 3 || err != nil {
		t.Fatalf("read %d, %v", n, err)
	}
	checkCount(t, ix, 2, 6)
	for query, want := range map[string]string{"lake": "1", "number1": "", "number2": "", "number3": "3"} {
		if got := strings.Join(refs(search(t, ix, Query{Text: query}).Hits), " "); got != want {
			t.Errorf("%q found %q, want %q", query, got, want)
		}
	}
}

func TestOnlyOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	reopen(t, dir, nil)
	_, err := Open(dir, Options{})
	if err == nil || !strings.Contains(err.Error(), "is in use by another utkik process") {
		t.Errorf("second open: %v", err)
	}
}

func TestClosedIndex(t *testing.T) {
	t.Parallel()
	ix := open(t, forests(1))
	for range 2 {
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, searchErr := ix.Search(t.Context(), Query{})
	_, syncErr := ix.Sync(t.Context(), forests(1))
	_, countErr := ix.Count()
	for _, err := range []error{searchErr, syncErr, countErr} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
}

func TestRebuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	feed := forests(700)
	ix := reopen(t, dir, feed)
	if _, err := ix.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	var during []int
	spy := feedFunc(func(ctx context.Context, after int64, limit int) ([]Entry, error) {
		during = append(during, search(t, ix, Query{Text: "forest"}).Total)
		return feed[:650].Touched(ctx, after, limit)
	})
	n, err := ix.Rebuild(t.Context(), spy)
	if err != nil || n != 650 {
		t.Fatalf("rebuild read %d, %v", n, err)
	}
	if slices.Min(during) != 700 {
		t.Errorf("while it was rebuilt the index found %v, want the old one's 700", during)
	}
	checkCount(t, ix, 650, 650)
	checkDirs(t, dir, "search-HASH-2")
}

type feedFunc func(context.Context, int64, int) ([]Entry, error)

func (f feedFunc) Touched(ctx context.Context, after int64, limit int) ([]Entry, error) {
	return f(ctx, after, limit)
}

func TestRebuildBrokenOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	feed := forests(700)
	ix := reopen(t, dir, feed)
	if _, err := ix.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the store is away")
	_, err := ix.Rebuild(t.Context(), feedFunc(func(ctx context.Context, after int64, limit int) ([]Entry, error) {
		if after > 0 {
			return nil, broken
		}
		return feed.Touched(ctx, after, limit)
	}))
	if !errors.Is(err, broken) {
		t.Fatalf("rebuild: %v", err)
	}
	checkCount(t, ix, 700, 700)
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	ix = reopen(t, dir, feed)
	checkCount(t, ix, 700, 700)
	checkDirs(t, dir, "search-HASH-1")
}

func TestOldMappingAnswersUntilRebuilt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	feed := forests(700)
	ix := reopen(t, dir, feed)
	if _, err := ix.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, shardName{mappingHash(), 1}.String()), filepath.Join(dir, "search-0a1b2c3d-1")); err != nil {
		t.Fatal(err)
	}
	ix = reopen(t, dir, feed)
	if !ix.NeedsRebuild() {
		t.Error("an index of another mapping does not ask for a rebuild")
	}
	checkCount(t, ix, 700, 700)

	// Broken off half-way, it goes on where it was, and the old one still answers.
	first := true
	half := feedFunc(func(ctx context.Context, after int64, limit int) ([]Entry, error) {
		if !first {
			return nil, errors.New("the store is away")
		}
		first = false
		return feed.Touched(ctx, after, limit)
	})
	if n, err := ix.Sync(t.Context(), half); err == nil || n != 500 {
		t.Fatalf("sync read %d, %v", n, err)
	}
	checkCount(t, ix, 700, 700)
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	checkDirs(t, dir, "search-0a1b2c3d-1", "search-HASH-2")
	ix = reopen(t, dir, feed)
	if n, err := ix.Sync(t.Context(), feed[:690]); err != nil || n != 190 {
		t.Fatalf("sync read %d, %v, want the 190 that were left", n, err)
	}
	if ix.NeedsRebuild() {
		t.Error("it still asks for a rebuild")
	}
	checkCount(t, ix, 690, 690)
	checkDirs(t, dir, "search-HASH-2")
}

func TestDamage(t *testing.T) {
	t.Parallel()
	damages := map[string]func(t *testing.T, store string){
		"root.bolt cut": func(t *testing.T, store string) { truncate(t, filepath.Join(store, "root.bolt"), 20) },
		"root.bolt gone": func(t *testing.T, store string) {
			if err := os.Remove(filepath.Join(store, "root.bolt")); err != nil {
				t.Fatal(err)
			}
		},
		"segment cut":     func(t *testing.T, store string) { truncate(t, segmentFile(t, store), 3) },
		"segment flipped": func(t *testing.T, store string) { flip(t, segmentFile(t, store)) },
		"segment gone": func(t *testing.T, store string) {
			if err := os.Remove(segmentFile(t, store)); err != nil {
				t.Fatal(err)
			}
		},
		"meta gone": func(t *testing.T, store string) {
			if err := os.Remove(filepath.Join(filepath.Dir(store), "index_meta.json")); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			feed := forests(120)
			for range 2 { // the second time there is one set aside already
				ix := reopen(t, dir, feed)
				if _, err := ix.Sync(t.Context(), feed); err != nil {
					t.Fatal(err)
				}
				checkCount(t, ix, 120, 120)
				if err := ix.Close(); err != nil {
					t.Fatal(err)
				}
				shards, err := shardDirs(dir)
				if err != nil || len(shards) != 1 {
					t.Fatalf("%v, %v", shards, err)
				}
				damage(t, filepath.Join(dir, shards[0].String(), "store"))
				ix = reopen(t, dir, feed)
				if !ix.NeedsRebuild() {
					t.Error("a damaged index does not ask for a rebuild")
				}
				aside := 0
				for _, d := range dirs(t, dir) {
					if strings.HasSuffix(d, damagedExt) {
						aside++
					}
				}
				if aside != 1 {
					t.Errorf("%d set aside, want 1: %v", aside, dirs(t, dir))
				}
				checkCount(t, ix, 0, 0)
				if _, err := ix.Sync(t.Context(), feed); err != nil {
					t.Fatal(err)
				}
				checkCount(t, ix, 120, 120)
				if len(dirs(t, dir)) != 1 {
					t.Errorf("left behind: %v", dirs(t, dir))
				}
				if err := ix.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func segmentFile(t *testing.T, store string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(store, "*.zap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no segments in %s: %v", store, err)
	}
	return files[len(files)-1]
}

// Cut at some page, root.bolt once ended the program: which page it was hung on the order in which Bleve had written.
func TestRootCutAnywhere(t *testing.T) {
	t.Parallel()
	dir, feed := t.TempDir(), forests(120)
	ix := reopen(t, dir, feed)
	if _, err := ix.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	shards, err := shardDirs(dir)
	if err != nil || len(shards) != 1 {
		t.Fatalf("%v, %v", shards, err)
	}
	path := filepath.Join(dir, shards[0].String())
	root := filepath.Join(path, "store", "root.bolt")
	whole, err := os.ReadFile(root)
	if err != nil {
		t.Fatal(err)
	}
	open := func(size int) error {
		if err := os.WriteFile(root, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openShard(path, shards[0])
		if err != nil {
			if strings.Contains(err.Error(), "panic") { // a page beyond the end was read: it might have been a fault
				t.Errorf("%d bytes of %d: %v", size, len(whole), err)
			}
			return err
		}
		return s.close()
	}
	if err := open(len(whole)); err != nil {
		t.Fatalf("whole: %v", err)
	}
	used := len(whole)
	for size := len(whole) - os.Getpagesize(); size >= 0; size -= os.Getpagesize() {
		if open(size) == nil { // bbolt writes ahead: pages beyond the last used one may go
			if size > used {
				t.Errorf("opened with %d bytes, after it was refused with more", size)
			}
			used = size
			if whole, err = os.ReadFile(root); err != nil { // Bleve writes when it opens
				t.Fatal(err)
			}
			whole = whole[:min(len(whole), size)]
		}
	}
	if used < 3*os.Getpagesize() {
		t.Errorf("opened with %d bytes only", used)
	}
}

func truncate(t *testing.T, path string, divisor int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()/divisor); err != nil {
		t.Fatal(err)
	}
}

func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 0x40
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSearchWhileSyncing has readers beside a writer and a rebuild; it is the race detector's.
func TestSearchWhileSyncing(t *testing.T) {
	t.Parallel()
	feed := forests(600)
	ix := reopen(t, t.TempDir(), feed)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			least := 0
			for {
				select {
				case <-done:
					return
				default:
				}
				res, err := ix.Search(t.Context(), Query{Text: "forest wood OR \"store carbon\"", Facets: facets, Highlight: true})
				if err != nil {
					t.Error(err)
					return
				}
				if res.Total < least {
					t.Errorf("found %d after %d: calls were lost", res.Total, least)
					return
				}
				least = res.Total
			}
		})
	}
	for n := 20; n <= len(feed); n += 58 {
		if _, err := ix.Sync(t.Context(), feed[:n]); err != nil {
			t.Error(err)
		}
	}
	if _, err := ix.Rebuild(t.Context(), feed); err != nil {
		t.Error(err)
	}
	close(done)
	wg.Wait()
	checkCount(t, ix, 600, 600)
}

const killedDir = "UTKIK_TEST_KILLED_INDEX"

// endless is a feed of more forests than there is time for.
type endless struct{}

func (endless) Touched(_ context.Context, after int64, limit int) ([]Entry, error) {
	var out []Entry
	for seq := int(after) + 1; len(out) < min(limit, 25); seq++ {
		out = append(out, entry(seq, call.Call{Title: fmt.Sprintf("Forest number%d", seq), Text: "Trees store carbon.", Language: "en"}))
	}
	return out, nil
}

// TestKilledChild is not a test but the process that TestKill kills.
func TestKilledChild(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		return // nobody asked for the process
	}
	ix, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("open")
	_, err = ix.Sync(t.Context(), endless{})
	t.Fatalf("the feed ended: %v", err)
}

// TestKill kills a process that is indexing, some times, and looks whether what it leaves opens and agrees
// with its cursor.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	last := int64(0)
	for round := range 5 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledChild$")
		child.Env = append(os.Environ(), killedDir+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 16)); err != nil { // it is open
			t.Fatal(err)
		}
		timer := time.NewTimer(time.Duration(20+round*137) * time.Millisecond)
		<-timer.C
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // it was killed, and says so

		ix, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		cursor, err := ix.Cursor()
		if err != nil || cursor < last {
			t.Errorf("round %d: cursor %d after %d, %v", round, cursor, last, err)
		}
		checkCount(t, ix, int(cursor), cursor)
		last = cursor
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if last == 0 {
		t.Error("nothing was ever indexed: the test shows nothing")
	}
	checkDirs(t, dir, "search-HASH-1")
}

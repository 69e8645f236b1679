package index

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

func copied(t *testing.T, ix *Index) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := ix.Copy(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func filled(t *testing.T, feed listFeed, mark string) *Index {
	t.Helper()
	ix := open(t, feed)
	if _, err := ix.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	if err := ix.SetMark(mark); err != nil {
		t.Fatal(err)
	}
	return ix
}

// A new machine takes its neighbour's index, goes on by the feed, and has it when it begins again.
func TestCopy(t *testing.T) {
	t.Parallel()
	feed := forests(703)
	from := filled(t, feed[:600], "plan 1")
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() { // the neighbour goes on meanwhile
		var err error
		for n := 601; n <= 703 && err == nil; n++ {
			_, err = from.Sync(t.Context(), feed[:n])
			if n == 605 {
				close(stop)
			}
		}
		done <- err
	}()
	<-stop
	b := copied(t, from)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	checkDirs(t, from.dir, "search-HASH-1") // nothing is left of copying

	dir := t.TempDir()
	to := reopen(t, dir, feed)
	at, err := to.Adopt(t.Context(), bytes.NewReader(b), "plan 1", 703)
	if err != nil || at < 605 || at > 703 || to.NeedsRebuild() || to.Mark() != "plan 1" {
		t.Fatalf("adopted to %d, %v, rebuild %v, mark %q", at, err, to.NeedsRebuild(), to.Mark())
	}
	checkCount(t, to, int(at), at)
	if n, err := to.Sync(t.Context(), feed); err != nil || n != 703-int(at) {
		t.Errorf("then read %d, %v", n, err)
	}
	checkCount(t, to, 703, 703)
	checkDirs(t, dir, "search-HASH-2")
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	to = reopen(t, dir, feed)
	if to.NeedsRebuild() || to.Mark() != "plan 1" {
		t.Errorf("opened again: rebuild %v, mark %q", to.NeedsRebuild(), to.Mark())
	}
	checkCount(t, to, 703, 703)
	if _, err := to.Rebuild(t.Context(), feed); err != nil || to.Mark() != "plan 1" {
		t.Errorf("built anew: %v, mark %q", err, to.Mark())
	}
}

// A copy that is not what it says, or that cannot serve here, changes nothing.
func TestCopyRefused(t *testing.T) {
	t.Parallel()
	feed := forests(20)
	good := copied(t, filled(t, feed, "plan"))
	flip := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 1
		return b
	}
	evil := func(name string) []byte {
		var b bytes.Buffer
		sum := sha256.Sum256([]byte("x"))
		text, err := json.Marshal(about{Hash: mappingHash(), Mark: "plan", Files: []copyFile{{name, 1, hex.EncodeToString(sum[:])}}})
		w := tar.NewWriter(&b)
		for _, f := range []struct{ name, body string }{{copyAbout, string(text)}, {name, "x"}} {
			err = errors.Join(err, w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.body)), Mode: 0o600}))
			_, werr := io.WriteString(w, f.body)
			err = errors.Join(err, werr)
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, c := range []struct {
		name  string
		copy  []byte
		mark  string
		last  int64
		says  string
		unfit bool
	}{
		{"another plan", good, "other", 20, "another plan", true},
		{"ahead of the store", good, "plan", 19, "followed to 20", true},
		{"flipped byte", flip(len(good) / 2), "plan", 20, "checksum", false},
		{"cut", good[:len(good)/2], "plan", 20, "unexpected EOF", false},
		{"empty", nil, "plan", 20, "begin", false},
		{"no copy", []byte(strings.Repeat("<html>", 1000)), "plan", 20, "begin", false},
		{"leads out", evil("../../x"), "plan", 20, "leads out", false},
		{"no index", evil("x"), "plan", 20, "cannot be opened", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			ix := reopen(t, dir, feed)
			if _, err := ix.Sync(t.Context(), feed[:3]); err != nil {
				t.Fatal(err)
			}
			_, err := ix.Adopt(t.Context(), bytes.NewReader(c.copy), c.mark, c.last)
			if err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, ErrUnfit) != c.unfit {
				t.Errorf("got %v, want %q, unfit %v", err, c.says, c.unfit)
			}
			checkCount(t, ix, 3, 3)
			checkDirs(t, dir, "search-HASH-1")
		})
	}
	if err := reopen(t, t.TempDir(), feed).Copy(t.Context(), io.Discard); !errors.Is(err, ErrUnfit) {
		t.Errorf("an empty index is copied: %v", err)
	}
}

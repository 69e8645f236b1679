package index

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/blevesearch/bleve/v2"
)

// ErrUnfit wraps what Adopt answers to a copy that is whole and cannot serve here: of another program, another mark, or ahead
// of the store.
var ErrUnfit = errors.New("the copy does not fit")

const (
	copyAbout  = "about.json"
	copyingDir = "copying-*"  // made for a copy that is handed out
	comingDir  = "incoming-*" // and for one that comes
	copyFiles  = 10_000       // files of a copy; a merged index has some ten
	aboutBytes = 4 << 20
)

// about begins a copy: tar, this first, then the files that it lists, in its order.
type about struct {
	Hash   string     `json:"hash"` // of the mapping, with the version of the layout in it
	Mark   string     `json:"mark"`
	Cursor int64      `json:"cursor"`
	Files  []copyFile `json:"files"`
}

type copyFile struct {
	Name string `json:"name"` // with slashes
	Size int64  `json:"size"`
	Sum  string `json:"sha256"` // hexadecimal
}

// keyMark is an internal row: whatever else than the feed and the mapping the documents depend on.
var keyMark = []byte("mark")

// Mark is what SetMark last said of the index that answers; empty for nothing.
func (ix *Index) Mark() string {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return ""
	}
	return ix.cur.flag(keyMark)
}

// SetMark notes by what the documents were made, such as a plan, beside the feed and the mapping. An index that is built
// anew keeps the mark of the one before until it is given another.
func (ix *Index) SetMark(mark string) error {
	ix.writing.Lock()
	defer ix.writing.Unlock()
	if ix.cur == nil {
		return ErrClosed
	}
	return ix.cur.bleve.SetInternal(keyMark, []byte(mark))
}

// Copy writes what answers now, as Adopt reads it on another machine. It goes on answering and following meanwhile.
func (ix *Index) Copy(ctx context.Context, w io.Writer) error {
	dir, err := os.MkdirTemp(ix.dir, copyingDir)
	if err != nil {
		return fmt.Errorf("index: %v", err)
	}
	defer os.RemoveAll(dir)
	a, err := ix.copyTo(dir)
	if err != nil {
		return fmt.Errorf("index: copying: %w", err)
	}
	out := tar.NewWriter(w)
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: copyAbout, Mode: 0o600, Size: int64(len(text))}); err != nil {
		return err
	}
	if _, err := out.Write(text); err != nil {
		return err
	}
	for _, f := range a.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := out.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o600, Size: f.Size}); err != nil {
			return err
		}
		file, err := os.Open(filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err != nil {
			return err
		}
		_, err = io.Copy(out, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return out.Close()
}

// copyTo copies the files of what answers into an empty folder, and tells what there is.
func (ix *Index) copyTo(dir string) (about, error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return about{}, ErrClosed
	}
	if ix.cur.hash != mappingHash() || ix.cur.flag(keyWhole) != "1" || ix.damaged.Load() {
		return about{}, fmt.Errorf("%w: it is being built", ErrUnfit)
	}
	source, ok := ix.cur.bleve.(bleve.IndexCopyable)
	if !ok {
		return about{}, errors.New("this kind of index cannot be copied") // unreachable: scorch can
	}
	if _, err := guard(func() (struct{}, error) { return struct{}{}, source.CopyTo(bleve.FileSystemDirectory(dir)) }); err != nil {
		return about{}, err
	}
	// What the copy holds is asked of the copy: the index may have gone on.
	s, err := openShard(dir, shardName{ix.cur.hash, 0})
	if err != nil {
		return about{}, err
	}
	a := about{Hash: s.hash, Mark: s.flag(keyMark)}
	a.Cursor, err = s.cursor()
	if err := errors.Join(err, s.close()); err != nil {
		return about{}, err
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f := copyFile{Name: filepath.ToSlash(name)}
		f.Size, f.Sum, err = sumOf(path)
		a.Files = append(a.Files, f)
		return err
	})
	return a, err
}

func sumOf(path string) (int64, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// Adopt takes another machine's copy in the place of what answers, if it is of this program and mark and not ahead of last,
// the feed's newest position. Every file is compared with its checksum before any of it counts; after an error all
// is as it was. It gives the position from which the next Sync goes on.
func (ix *Index) Adopt(ctx context.Context, r io.Reader, mark string, last int64) (int64, error) {
	dir, err := os.MkdirTemp(ix.dir, comingDir)
	if err != nil {
		return 0, fmt.Errorf("index: %v", err)
	}
	defer os.RemoveAll(dir)
	a, err := receive(ctx, r, dir, func(a about) error {
		switch {
		case a.Hash != mappingHash():
			return fmt.Errorf("%w: it was made by another version of the program", ErrUnfit)
		case a.Mark != mark:
			return fmt.Errorf("%w: it was made under another plan", ErrUnfit)
		case a.Cursor > last:
			return fmt.Errorf("%w: it has followed to %d and the store stands at %d", ErrUnfit, a.Cursor, last)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("index: taking a copy: %w", err)
	}
	ix.writing.Lock()
	defer ix.writing.Unlock()
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.cur == nil {
		return 0, ErrClosed
	}
	name, err := ix.free(a.Hash)
	if err != nil {
		return 0, err
	}
	path := filepath.Join(ix.dir, name.String())
	if err := os.Rename(dir, path); err != nil {
		return 0, fmt.Errorf("index: %v", err)
	}
	fresh, err := openShard(path, name)
	if err != nil {
		return 0, errors.Join(fmt.Errorf("index: a copy cannot be opened: %w", err), os.RemoveAll(path))
	}
	if at, err := fresh.cursor(); err != nil || at != a.Cursor || fresh.flag(keyWhole) != "1" || fresh.flag(keyLayout) != layout {
		return 0, errors.Join(fmt.Errorf("index: a copy holds other than it says: position %d, said %d: %w", at, a.Cursor, cmp.Or(err, ErrUnfit)),
			fresh.remove())
	}
	old := []*shard{ix.cur, ix.next}
	ix.cur, ix.next = fresh, nil
	ix.damaged.Store(false)
	ix.stale.Store(false)
	for _, s := range old {
		if s == nil {
			continue
		}
		if err := s.remove(); err != nil {
			ix.log.Warn("index replaced, but not removed", "index", s.dir, "err", err)
		}
	}
	return a.Cursor, ix.removeDamaged()
}

// receive writes the files of a copy into a folder, and compares each with what the copy says of it.
func receive(ctx context.Context, r io.Reader, dir string, fits func(about) error) (about, error) {
	var a about
	in := tar.NewReader(r)
	head, err := in.Next()
	if err != nil || head.Name != copyAbout || head.Size > aboutBytes {
		return a, fmt.Errorf("it does not begin as a copy does: %v", err)
	}
	if err := json.NewDecoder(in).Decode(&a); err != nil {
		return a, err
	}
	if len(a.Files) == 0 || len(a.Files) > copyFiles {
		return a, fmt.Errorf("it has %d files", len(a.Files))
	}
	if err := fits(a); err != nil {
		return a, err
	}
	for _, f := range a.Files {
		if err := ctx.Err(); err != nil {
			return a, err
		}
		if err := one(in, dir, f); err != nil {
			return a, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		return a, fmt.Errorf("it goes on after its end: %v", err)
	}
	return a, nil
}

func one(in *tar.Reader, dir string, f copyFile) error {
	head, err := in.Next()
	switch {
	case err != nil:
		return fmt.Errorf("it ends early: %w", err)
	case head.Name != f.Name || head.Size != f.Size || head.Typeflag != tar.TypeReg:
		return fmt.Errorf("%s of %d bytes came in its place", head.Name, head.Size)
	case !filepath.IsLocal(filepath.FromSlash(f.Name)):
		return errors.New("the name leads out of the folder")
	}
	path := filepath.Join(dir, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, h), in)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if n != f.Size || hex.EncodeToString(h.Sum(nil)) != f.Sum {
		return errors.New("checksum does not agree")
	}
	return nil
}

// free is the next free name of an index.
func (ix *Index) free(hash string) (shardName, error) {
	names, err := shardDirs(ix.dir)
	name := shardName{hash, 1}
	for _, other := range names {
		name.n = max(name.n, other.n+1)
	}
	return name, err
}

// sweep removes what copies left that were broken off by the end of the process.
func (ix *Index) sweep() error {
	for _, pattern := range []string{copyingDir, comingDir} {
		left, err := filepath.Glob(filepath.Join(ix.dir, pattern))
		if err != nil {
			return err
		}
		for _, dir := range slices.Sorted(slices.Values(left)) {
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("index: %v", err)
			}
		}
	}
	return nil
}

// Package backup is the file that a backup is: a tar archive, compressed with zstd, that holds the store as one SQLite
// database whatever engine it lives on, the operator's files, and last a manifest with the size and the SHA-256 of each.
// It knows nothing of what is in them.
//
//	utkik.db        the store
//	config/...      the operator's configuration, sources, plans and templates
//	manifest.json   what there is, see [Manifest]
//
// An archive is whole or it is refused: nothing of one whose bytes are not those that were written is used.
package backup

import (
	"archive/tar"
	"bytes"
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
	"time"

	"github.com/klauspost/compress/zstd"
)

// Format is the version of what is written here.
const Format = 1

// Database is the member that holds the store.
const Database = "utkik.db"

const manifestName = "manifest.json"

// maxManifest bounds the manifest, in bytes: it has a line a table and a file.
const maxManifest = 4 << 20

// ErrDamaged wraps what is said of an archive that is not as it was written.
var ErrDamaged = errors.New("the backup is damaged: take another one; nothing was restored")

// Manifest says what an archive holds.
type Manifest struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`    // when the store was as it is in the archive
	Program string    `json:"program"` // version of what wrote it
	Store   string    `json:"store"`   // where it was, without a password
	Schema  []int64   `json:"schema"`  // migrations that the store had been brought through
	Tables  []Table   `json:"tables"`  // of the store
	Files   []File    `json:"files"`   // every other member
}

// Table is what a table held.
type Table struct {
	Name   string `json:"table"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // over all values, the same on either engine
}

// File is a member of the archive.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Member is a file that goes into an archive.
type Member struct {
	Name string // in the archive, with slashes
	Path string // on this machine
}

// Write writes an archive of the members, in their order, and of m, whose files it fills in.
func Write(ctx context.Context, w io.Writer, m Manifest, members []Member) (Manifest, error) {
	// The store's texts are compressed already: harder work would gain little.
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(true), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return m, err
	}
	defer z.Close()
	t := tar.NewWriter(z)
	m.Format, m.Files = Format, nil
	for _, member := range members {
		f, err := add(ctx, t, member, m.Made)
		if err != nil {
			return m, fmt.Errorf("%s: %v", member.Path, err)
		}
		m.Files = append(m.Files, f)
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return m, err
	}
	if err := t.WriteHeader(header(manifestName, int64(len(text)), m.Made)); err != nil {
		return m, err
	}
	if _, err := t.Write(text); err != nil {
		return m, err
	}
	return m, errors.Join(t.Close(), z.Close())
}

func header(name string, size int64, made time.Time) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: made, Format: tar.FormatPAX}
}

func add(ctx context.Context, t *tar.Writer, member Member, made time.Time) (File, error) {
	f := File{Name: member.Name}
	if !fs.ValidPath(member.Name) {
		return f, fmt.Errorf("member %q has no fit name", member.Name)
	}
	in, err := os.Open(member.Path)
	if err != nil {
		return f, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return f, err
	}
	f.Size = info.Size()
	if err := t.WriteHeader(header(member.Name, f.Size, made)); err != nil {
		return f, err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(t, sum), stoppable{ctx, io.LimitReader(in, f.Size)}); err != nil {
		return f, err
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return f, nil
}

// stoppable reads until the context ends.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// Read unpacks an archive into a folder, which is made, and holds every file against the manifest. What it gives back has
// been found whole; after an error the folder holds what is not to be used.
func Read(ctx context.Context, r io.Reader, folder string) (Manifest, error) {
	m, err := unpack(ctx, r, folder)
	var at *fs.PathError
	switch {
	case err == nil, errors.As(err, &at), ctx.Err() != nil: // the disk, or who stopped it
		return m, err
	}
	return m, fmt.Errorf("%w (%v)", ErrDamaged, err)
}

func unpack(ctx context.Context, r io.Reader, folder string) (m Manifest, err error) {
	z, err := zstd.NewReader(stoppable{ctx, r}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return m, err
	}
	defer z.Close()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return m, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return m, err
	}
	defer root.Close()
	t := tar.NewReader(z)
	var got []File
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return m, errors.New("it has no manifest, or is cut short")
		}
		if err != nil {
			return m, err
		}
		if h.Typeflag != tar.TypeReg || !fs.ValidPath(h.Name) {
			return m, fmt.Errorf("member %q is no file of a backup", h.Name)
		}
		if h.Name == manifestName {
			break
		}
		f, err := take(root, t, h)
		if err != nil {
			return m, err
		}
		got = append(got, f)
	}
	text, err := io.ReadAll(io.LimitReader(t, maxManifest))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("its manifest cannot be read: %v", err)
	}
	if m.Format != Format {
		return m, fmt.Errorf("it has format %d, and this program reads %d: use the program that wrote it, %s", m.Format, Format, m.Program)
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return m, errors.New("something follows its manifest")
	}
	if _, err := io.Copy(io.Discard, z); err != nil { // to the end: the last checksum is there
		return m, err
	}
	return m, same(m.Files, got)
}

func take(root *os.Root, t *tar.Reader, h *tar.Header) (File, error) {
	f := File{Name: h.Name}
	if dir := filepath.Dir(filepath.FromSlash(h.Name)); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return f, err
		}
	}
	out, err := root.OpenFile(filepath.FromSlash(h.Name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return f, err
	}
	sum := sha256.New()
	f.Size, err = io.Copy(io.MultiWriter(out, sum), t)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return f, err
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return f, nil
}

func same(want, got []File) error {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Errorf("%s is not the file that was written", cmp.Or(got[i].Name, want[i].Name))
		}
	}
	if len(want) != len(got) {
		return fmt.Errorf("it has %d files, and its manifest %d", len(got), len(want))
	}
	if !slices.ContainsFunc(got, func(f File) bool { return f.Name == Database }) {
		return errors.New("it has no store")
	}
	return nil
}

// Differ names the tables that are not as the manifest says.
func (m Manifest) Differ(now []Table) (names []string) {
	for _, want := range m.Tables {
		if !slices.Contains(now, want) {
			names = append(names, want.Name)
		}
	}
	for _, t := range now {
		if !slices.ContainsFunc(m.Tables, func(w Table) bool { return w.Name == t.Name }) {
			names = append(names, t.Name)
		}
	}
	return names
}

// Magic tells whether a file begins as a backup does, for who named another by mistake.
func Magic(head []byte) bool { return bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}) }

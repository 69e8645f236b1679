package backup_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"utkik/internal/backup"
)

var noon = time.Date(2026, 5, 13, 10, 0, 0, 0, time.UTC)

func database() []byte { return bytes.Repeat([]byte("a page of a database. "), 500) }

// archive writes one of two files.
func archive(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	var members []backup.Member
	for name, text := range map[string][]byte{backup.Database: database(), "config/sub/utkik.yaml": []byte("plan: rvn-2020\n")} {
		path := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		members = append(members, backup.Member{Name: name, Path: path})
	}
	slices.SortFunc(members, func(a, b backup.Member) int { return strings.Compare(b.Name, a.Name) })
	var b bytes.Buffer
	m, err := backup.Write(t.Context(), &b, backup.Manifest{Made: noon, Tables: []backup.Table{{Name: "calls", Rows: 3, SHA256: "x"}}}, members)
	if err != nil || len(m.Files) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	return b.Bytes()
}

func TestThereAndBack(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	text := archive(t)
	if !backup.Magic(text) {
		t.Error("does not begin as a backup")
	}
	m, err := backup.Read(t.Context(), bytes.NewReader(text), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]backup.Table{{Name: "calls", Rows: 3, SHA256: "x"}}, m.Tables); diff != "" || !m.Made.Equal(noon) {
		t.Errorf("%+v\n%s", m, diff)
	}
	got, err := os.ReadFile(filepath.Join(dir, "config", "sub", "utkik.yaml"))
	if err != nil || string(got) != "plan: rvn-2020\n" {
		t.Errorf("%q, %v", got, err)
	}
	if names := m.Differ([]backup.Table{{Name: "calls", Rows: 3, SHA256: "y"}, {Name: "more"}}); !slices.Equal(names, []string{"calls", "more"}) {
		t.Errorf("differ: %q", names)
	}
}

// An archive in which a byte is another, or that is cut short, is refused, but where the byte means nothing: then all that
// comes out is what went in.
func TestDamaged(t *testing.T) {
	t.Parallel()
	text := archive(t)
	root := t.TempDir()
	n, harmless := 0, 0
	refused := func(what string, damaged []byte, may bool) {
		t.Helper()
		n++
		dir := filepath.Join(root, strconv.Itoa(n))
		_, err := backup.Read(t.Context(), bytes.NewReader(damaged), dir)
		if err == nil && may {
			harmless++
			db, err1 := os.ReadFile(filepath.Join(dir, backup.Database))
			conf, err2 := os.ReadFile(filepath.Join(dir, "config", "sub", "utkik.yaml"))
			if err1 != nil || err2 != nil || !bytes.Equal(db, database()) || string(conf) != "plan: rvn-2020\n" {
				t.Errorf("%s: taken, and something else comes out: %v %v", what, err1, err2)
			}
		} else if !errors.Is(err, backup.ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < len(text); i += 2 {
		flipped := slices.Clone(text)
		flipped[i] ^= 0x10
		refused("a byte is another", flipped, true)
	}
	for i := 0; i < len(text); i += 5 {
		refused("cut short", text[:i], false)
	}
	for i := 1; i <= 8 && i < len(text); i++ {
		refused("cut short", text[:len(text)-i], false)
	}
	refused("empty", nil, false)
	refused("no archive", []byte("calls:\n - none\n"), false)
	if harmless*20 > n {
		t.Errorf("%d of %d damaged archives are taken", harmless, n)
	}
}

// rewrite gives an archive of the members as they are named, without a manifest that fits.
func rewrite(t *testing.T, headers ...*tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, "0123456789"[:h.Size]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An archive that somebody made to write elsewhere writes nowhere.
func TestHostile(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]*tar.Header{
		"up":       {Typeflag: tar.TypeReg, Name: "../out", Size: 3, Mode: 0o600},
		"absolute": {Typeflag: tar.TypeReg, Name: "/tmp/out", Size: 3, Mode: 0o600},
		"link":     {Typeflag: tar.TypeSymlink, Name: "utkik.db", Linkname: "/etc/passwd"},
	} {
		dir := filepath.Join(t.TempDir(), "in")
		if _, err := backup.Read(t.Context(), bytes.NewReader(rewrite(t, h)), dir); !errors.Is(err, backup.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(filepath.Join(dir, "..", "out")); err == nil {
			t.Errorf("%s: wrote outside", name)
		}
	}
	twice := &tar.Header{Typeflag: tar.TypeReg, Name: "utkik.db", Size: 3, Mode: 0o600}
	if _, err := backup.Read(t.Context(), bytes.NewReader(rewrite(t, twice, twice)), filepath.Join(t.TempDir(), "in")); err == nil {
		t.Error("a file that comes twice is taken")
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := backup.Read(ctx, bytes.NewReader(archive(t)), filepath.Join(t.TempDir(), "in")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Whatever is handed over is refused, or is an archive.
func FuzzRead(f *testing.F) {
	f.Add(archive(f))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<16 {
			t.Skip()
		}
		m, err := backup.Read(t.Context(), bytes.NewReader(text), filepath.Join(t.TempDir(), "in"))
		if err == nil && (m.Format != backup.Format || len(m.Files) == 0) {
			t.Errorf("taken: %+v", m)
		}
	})
}

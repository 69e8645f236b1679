package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
)

func open(t testing.TB, url string) (*Store, error) {
	s, err := Open(t.Context(), Options{URL: url, Now: func() time.Time { return epoch }})
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

func TestOpenAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new folder", "Övrigt 50% ?#&+;.db")
	s := openAt(t, path)
	saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1")}}})
	before := dump(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	if diff := cmp.Diff(before, dump(t, s)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := s.writer.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s of the writer: %q, %v, want %q", pragma, got, err, want)
		}
	}
	if _, err := s.reader.Exec("DELETE FROM counters"); err == nil {
		t.Error("a reader can write")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	garbage := write("garbage.db", bytes.Repeat([]byte("not a database. "), 512))
	blocked := filepath.Join(write("file", nil), "utkik.db")
	other := filepath.Join(dir, "other.db")
	db, err := sql.Open("sqlite", other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE recipes (name TEXT)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, c := range []struct{ name, url, want string }{
		{"garbage", garbage, "the file is damaged, or no database: move the data folder away and put a backup in its place with `utkik restore FILE`"},
		{"garbage by scheme", "sqlite:" + garbage, "the file is damaged, or no database: move the data folder away and put a backup in its place with `utkik restore FILE`"},
		{"another program's", other, "holds the tables of another program: name another file, which may be missing, and a backup is put there by `utkik restore FILE`"},
		{"a folder", dir, "is a folder: name a file in it"},
		{"below a file", blocked, "not a directory"},
		{"another engine", "mysql://utkik:secret@db/utkik", "store mysql:...: no such engine: give sqlite:/path/utkik.db or postgres://"},
		{"nothing", "", "no file is named"},
		{"nothing by scheme", "sqlite:", "no file is named"},
		{"in memory", "sqlite::memory:", "no file is named"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := os.ReadFile(c.url)
			_, err := open(t, c.url)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("tells the password: %v", err)
			}
			if after, _ := os.ReadFile(c.url); !bytes.Equal(before, after) {
				t.Error("the file was touched")
			}
		})
	}
}

// later are the migrations of a program that is one version ahead.
func later(t *testing.T, second string) fstest.MapFS {
	t.Helper()
	out := known(t)
	out["9000_later.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + second)}
	return out
}

// known are the program's own migrations.
func known(t *testing.T) fstest.MapFS {
	t.Helper()
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for _, f := range files {
		text, err := migrations.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[path.Base(f)] = &fstest.MapFile{Data: text}
	}
	return out
}

// Numbers of migrations are given out to several hands: a lower one may land after a higher one was applied.
func TestMigrationsOutOfOrder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "utkik.db")
	openAt(t, path).Close()
	files := known(t)
	files["8999_late.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE late (id BIGINT NOT NULL PRIMARY KEY);")}
	files["9000_early.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE early (id BIGINT NOT NULL PRIMARY KEY);")}
	without := maps.Clone(files)
	delete(without, "8999_late.sql")
	for _, m := range []fstest.MapFS{without, files} {
		s := &Store{base: &base{path: path, now: func() time.Time { return epoch }, holds: map[int64]*hold{}, full: true, engine: sqliteDialect}}
		if err := s.openSchema(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := s.writer.QueryRow("SELECT COUNT(*) FROM sqlite_master WHERE name IN ('early', 'late')").Scan(&n); err != nil || n != len(m)-len(known(t)) {
			t.Errorf("%d tables, %v, want %d", n, err, len(m)-len(known(t)))
		}
		s.Close()
	}
}

func TestNewerSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "utkik.db")
	s := openAt(t, path)
	saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1")}}})
	s.Close()

	ahead := &Store{base: &base{path: path, now: s.now, holds: map[int64]*hold{}, full: true, engine: sqliteDialect}}
	if err := ahead.openSchema(t.Context(), later(t, "ALTER TABLE calls ADD COLUMN colour TEXT NOT NULL DEFAULT '';")); err != nil {
		t.Fatal(err)
	}
	if err := ahead.prepare(t.Context()); err != nil { // what the older program knows still works in it
		t.Error(err)
	}
	ahead.Close()

	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, path)
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "version 9000 and this program knows [1 ") {
		t.Errorf("got %v, want ErrNewer", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was touched (%v)", err)
	}
}

func TestMigrationFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "utkik.db")
	s := openAt(t, path)
	saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1")}}})
	before := dump(t, s)
	s.Close()
	ahead := &Store{base: &base{path: path, now: s.now, holds: map[int64]*hold{}, full: true, engine: sqliteDialect}}
	err := ahead.openSchema(t.Context(), later(t, "DELETE FROM changes;\nDROP TABLE cursors;\nALTER TABLE nothing ADD COLUMN colour TEXT;"))
	if err == nil || !strings.Contains(err.Error(), "the data is as it was") {
		t.Errorf("got %v", err)
	}
	ahead.Close()
	if diff := cmp.Diff(before, dump(t, openAt(t, path))); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// Several programs may open a database that does not exist yet.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "utkik.db")
	for range 3 {
		_, lines := spawn(t, "migrate", path)
		defer func() {
			if !lines.Scan() || lines.Text() != "open" {
				t.Errorf("another process: %q", lines.Text())
			}
		}()
	}
	openAt(t, path)
}

// TestFullDisk lets the file not grow, as a full disk does not.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	ctx := t.Context()
	saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "0"), Version: true, Changes: appeared()}}})
	run, err := s.BeginRun(ctx, "ft-portal", "crawl", day(2))
	if err != nil {
		t.Fatal(err)
	}
	grow := func(pages int) {
		t.Helper()
		var have int
		if err := s.writer.QueryRow("PRAGMA page_count").Scan(&have); err != nil {
			t.Fatal(err)
		}
		if _, err := s.writer.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", have+pages)); err != nil {
			t.Fatal(err)
		}
	}
	var saves []Save
	for i := range 500 {
		c := sample("ft-portal", fmt.Sprint(i))
		c.Title = fmt.Sprint("Title ", i)
		saves = append(saves, Save{Call: c, Version: true, Seen: true, Changes: titled(c.Title)})
	}
	grow(5)
	before := dump(t, s)
	b := Batch{Source: "ft-portal", At: day(2), Saves: saves}
	err = s.Commit(ctx, run, b)
	want := "store " + s.Path() + ": disk full: free space and run the command again; nothing of this run was saved"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("commit: got %v, want %q", err, want)
	}
	noise := make([]byte, 1<<20)
	for i := range noise { // does not compress
		noise[i] = byte(i * i >> 3 * (i >> 9))
	}
	if err := s.KeepDocument(ctx, run, answer("https://example.eu/", string(noise)), ""); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("document: got %v", err)
	}
	if diff := cmp.Diff(before, dump(t, s)); diff != "" {
		t.Errorf("a part was saved:\n%s", diff)
	}
	grow(1 << 20)
	if err := s.Commit(ctx, run, b); err != nil {
		t.Errorf("with space again: %v", err)
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestLocked(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	run, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1))
	if err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", s.dsn())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin() // immediate: has the file's lock
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.Exec("PRAGMA busy_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	b := Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1")}}}
	err = s.Commit(t.Context(), run, b)
	if err == nil || !strings.Contains(err.Error(), "locked by another program") || !strings.Contains(err.Error(), nothingSavedRun) {
		t.Errorf("got %v", err)
	}
	if rs, err := s.Records(t.Context(), ""); err != nil || len(rs) != 0 { // readers are not kept waiting
		t.Errorf("%d records, %v", len(rs), err)
	}
	tx.Rollback()
	if err := s.Commit(t.Context(), run, b); err != nil {
		t.Error(err)
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "utkik.db")
	s := openAt(t, path)
	var saves []Save
	for i := range 300 {
		saves = append(saves, Save{Call: sample("ft-portal", fmt.Sprint(i)), Changes: appeared()})
	}
	saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: saves})
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		damage func() []byte
	}{
		{"cut short", func() []byte { return whole[:len(whole)/2] }},
		{"pages of zeros", func() []byte {
			b := bytes.Clone(whole)
			clear(b[3*4096 : len(b)-4096])
			return b
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "utkik.db")
			if err := os.WriteFile(path, c.damage(), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := open(t, path)
			if err == nil {
				err = s.Check(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), "backup") {
				t.Errorf("got %v", err)
			}
		})
	}

	t.Run("a text", func(t *testing.T) {
		t.Parallel()
		s := openSQLite(t)
		saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1")}, {Call: sample("ft-portal", "2")}}})
		if _, err := s.writer.Exec("UPDATE versions SET body = substr(body, 1, 40) WHERE id = 2"); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "call ft-portal/2: a stored text is damaged") {
			t.Errorf("check: %v", err)
		}
		if _, err := s.Record(t.Context(), call.Key{Source: "ft-portal", Ref: "1"}); err != nil {
			t.Errorf("the other call: %v", err)
		}
	})
	t.Run("a version is missing", func(t *testing.T) {
		t.Parallel()
		s := openSQLite(t)
		saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1")}}})
		if _, err := s.writer.Exec("DELETE FROM versions"); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "1 calls are without their current version") {
			t.Errorf("check: %v", err)
		}
	})
}

func TestBackup(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1")}}})
		before, err := s.Contents(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "backup.db")
		if err := os.WriteFile(path+".part", []byte("of a backup that was killed"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
			t.Errorf("beside the copy is left: %v, %v", names, err)
		}
		if err := s.Backup(t.Context(), path); err == nil || !strings.Contains(err.Error(), "exists already") {
			t.Errorf("over a file: %v", err)
		}
		saved(t, s, Batch{Source: "ft-portal", At: day(2), Saves: []Save{{Call: sample("ft-portal", "2")}}})
		copied := openAt(t, path)
		after, err := copied.Contents(t.Context())
		if diff := cmp.Diff(before, after); diff != "" || err != nil {
			t.Errorf("%v (-original +copy):\n%s", err, diff)
		}
		if err := copied.Check(t.Context()); err != nil {
			t.Error(err)
		}
		gone := filepath.Join(t.TempDir(), "nowhere", "backup.db")
		if err := s.Backup(t.Context(), gone); s.locks == nil && (err == nil || !strings.Contains(err.Error(), "backup "+gone)) {
			t.Errorf("into no folder: %v", err)
		}
	})
}

// A backup is of one moment, however much is written while it is made.
func TestBackupWhileWritten(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		stop, done := make(chan struct{}), make(chan error, 1)
		begun := make(chan struct{})
		go func() {
			for n := 0; ; n++ {
				ref := fmt.Sprint("r", n)
				run, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1))
				if err == nil {
					run.Complete, run.Seen = true, n+1
					err = s.Commit(t.Context(), run, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", ref)}}})
				}
				if err != nil {
					done <- err
					return
				}
				if n == 20 {
					close(begun)
				}
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
			}
		}()
		<-begun
		for n := range 3 {
			path := filepath.Join(t.TempDir(), fmt.Sprint(n))
			if err := s.Backup(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			copied := openAt(t, path)
			if err := copied.Check(t.Context()); err != nil {
				t.Error(err)
			}
			c, err := copied.Count(t.Context(), Tries{})
			records, err2 := copied.Records(t.Context(), "")
			if err != nil || err2 != nil || len(c.Runs) != 1 || c.Runs[0].Runs != int64(len(records)) || c.Top.Rev < int64(len(records)) {
				t.Errorf("%d calls, and the runs %+v, %+v: %v %v", len(records), c.Runs, c.Top, err, err2)
			}
		}
		close(stop)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	run, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := s.Commit(context.WithoutCancel(t.Context()), run, Batch{Source: "ft-portal", At: day(1)}); err == nil {
		t.Error("commit to a closed store")
	}
	if _, err := s.Records(t.Context(), ""); err == nil {
		t.Error("reading a closed store")
	}
}

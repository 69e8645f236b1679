package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What only SQLite understands. Everything else is in sql.go and runs on both engines.
const (
	sqliteTables = `SELECT COUNT(*), COUNT(CASE WHEN name = '` + versionTable + `' THEN 1 END) FROM sqlite_master WHERE type = 'table'`
	sqliteSchema = `SELECT DISTINCT version_id FROM ` + versionTable + ` WHERE is_applied = 1 AND version_id > 0 ORDER BY version_id`
	sqliteBackup = `VACUUM INTO $1`
	sqliteCheck  = `PRAGMA integrity_check(20)`
	sqliteKeys   = `PRAGMA foreign_key_check`
	sqliteSize   = `SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())`
)

// busy is how long a statement waits for another program's transaction. A commit of tens of thousands of
// calls takes some seconds.
const busy = 15 * time.Second

func sqlitePath(address string) (string, error) {
	path := address
	if scheme, rest, ok := strings.Cut(address, ":"); ok && len(scheme) > 1 { // a single letter is a drive
		if scheme != "sqlite" {
			// The address may hold a password: name its scheme only.
			return "", fmt.Errorf("store %s:...: no such engine: give sqlite:/path/utkik.db or postgres://user:password@host/database", scheme)
		}
		path = rest
		if strings.HasPrefix(path, "///") {
			path = path[2:]
		}
	}
	if path == "" || strings.HasPrefix(path, ":") {
		return "", fmt.Errorf("store %q: no file is named: give sqlite:/path/utkik.db", address)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("store %q: %v", address, err)
	}
	return abs, nil
}

// dsn is the driver's name of the file, with what is set on each of its connections.
func (s *Store) dsn(settings ...string) string {
	slashed := filepath.ToSlash(s.path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed
	}
	file := url.URL{Scheme: "file", Path: slashed}
	settings = append([]string{fmt.Sprintf("_busy_timeout=%d", busy.Milliseconds()), "_txlock=immediate"}, settings...)
	return file.String() + "?" + strings.Join(settings, "&")
}

func (s *Store) openSQLite(ctx context.Context, address string) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	s.engine = sqliteDialect
	if s.path, err = sqlitePath(address); err != nil {
		return err
	}
	return s.openSchema(ctx, sub)
}

// openSchema opens the database with the schema that the migrations of fsys lead to.
func (s *Store) openSchema(ctx context.Context, fsys fs.FS) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o750); err != nil {
		return fmt.Errorf("store %s: %v", s.path, err)
	}
	want, err := versions(fsys)
	if err != nil {
		return err
	}
	have, err := s.schema(ctx, want)
	if err != nil {
		return err
	}
	s.writer, err = sql.Open("sqlite", s.dsn("_journal_mode=WAL", "_synchronous=FULL", "_foreign_keys=1", "_pragma=cache_size(-8000)"))
	if err != nil {
		return s.fail("opening", nothingSaved, err)
	}
	s.writer.SetMaxOpenConns(1)
	if !slices.Equal(have, want) {
		if err := s.migrateSQLite(ctx, want, fsys); err != nil {
			return err
		}
	}
	s.reader, err = sql.Open("sqlite", s.dsn("_foreign_keys=1", "_query_only=1"))
	if err != nil {
		return s.fail("opening", nothingSaved, err)
	}
	readers := max(8, 2*runtime.GOMAXPROCS(0)) // more than one a core: a reader may ask again for each row it is given
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	s.reader.SetConnMaxIdleTime(time.Minute)
	return nil
}

// schema looks at the file before anything is set on it, and gives the versions that its schema was brought
// through, sorted: none when there is no file yet. One that is not among want is ErrNewer.
func (s *Store) schema(ctx context.Context, want []int64) ([]int64, error) {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("store %s: %v", s.path, err)
	case info.IsDir():
		return nil, fmt.Errorf("store %s: is a folder: name a file in it, such as %s", s.path, filepath.Join(s.path, "utkik.db"))
	}
	db, err := sql.Open("sqlite", s.dsn("mode=rw"))
	if err != nil {
		return nil, s.fail("opening", nothingSaved, err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var tables, ours int
	if err := db.QueryRowContext(ctx, sqliteTables).Scan(&tables, &ours); err != nil {
		return nil, s.fail("opening", nothingSaved, err)
	}
	if ours == 0 {
		if tables > 0 {
			return nil, fmt.Errorf("store %s: holds the tables of another program: name another file, which may be missing, and a backup is put there by `utkik restore FILE`; nothing was touched", s.path)
		}
		return nil, nil
	}
	rows, err := db.QueryContext(ctx, sqliteSchema)
	if err != nil {
		return nil, s.fail("opening", nothingSaved, err)
	}
	defer rows.Close()
	var have []int64
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return nil, s.fail("opening", nothingSaved, err)
		}
		if !slices.Contains(want, version) {
			return nil, fmt.Errorf("store %s: its schema has version %d and this program knows %v: run the newer program that wrote it, or %s; "+
				"nothing was touched: %w", s.path, version, want, restoreFile, ErrNewer)
		}
		have = append(have, version)
	}
	if err := rows.Err(); err != nil {
		return nil, s.fail("opening", nothingSaved, err)
	}
	return have, nil
}

// migrateSQLite brings the schema forward; of several programs one does, and the others wait for it.
func (s *Store) migrateSQLite(ctx context.Context, want []int64, fsys fs.FS) error {
	h, err := s.holdMigration(ctx)
	if err != nil {
		return err
	}
	defer h.free()
	have, err := s.schema(ctx, want) // another may have been first
	if err != nil || slices.Equal(have, want) {
		return err
	}
	if err := migrate(ctx, s.engine, s.writer, fsys); err != nil {
		return s.fail("bringing the schema forward", "the data is as it was", err)
	}
	return nil
}

func (s *Store) holdMigration(ctx context.Context) (*hold, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*busy)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		h, err := takeHold(s.path + "-migrate.lock")
		if !errors.Is(err, errHeld) {
			if err != nil {
				return nil, fmt.Errorf("store %s: %v", s.path, err)
			}
			return h, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("store %s: another program is bringing the schema forward: wait until it is done: %w", s.path, ctx.Err())
		case <-again.C:
		}
	}
}

// sqliteSays tells what an error means for who runs the program and what to do next; empty when it has no better
// words than the error's own.
func sqliteSays(err error) string {
	var coded *sqlite.Error
	if !errors.As(err, &coded) {
		if errors.Is(err, syscall.ENOSPC) {
			return "disk full: free space and run the command again"
		}
		return ""
	}
	switch code := coded.Code(); code & 0xff { // the rest of an extended code is detail
	case sqlite3.SQLITE_FULL:
		return "disk full: free space and run the command again"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Sprintf("locked by another program for more than %s: let it finish and run the command again", busy)
	case sqlite3.SQLITE_CORRUPT:
		return "the file is damaged: stop every utkik, and " + restoreFile
	case sqlite3.SQLITE_NOTADB:
		return "the file is damaged, or no database: " + restoreFile + ", or name another file"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH:
		return "cannot be opened for writing: see that the file and its folder belong to the user who runs the program"
	case sqlite3.SQLITE_IOERR:
		return "the disk does not answer as it should: check the disk and the space on it, and run the command again"
	case sqlite3.SQLITE_CONSTRAINT:
		return "a row was refused: this is a fault of the program, report it with the words in parentheses"
	case sqlite3.SQLITE_INTERRUPT:
		return "interrupted: run the command again"
	}
	return ""
}

// Backup writes a whole and compact copy of the database, as it is at one moment, to a new file of SQLite, while
// others read and write. It never writes over a file, and leaves none that is not whole. From PostgreSQL the tables are
// copied that [Copy] copies.
func (s *Store) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("backup %s: the file exists already: name a new one", path)
	}
	part, err := filepath.Abs(path + ".part")
	if err != nil {
		return fmt.Errorf("backup %s: %v", path, err)
	}
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a backup that was killed
		return fmt.Errorf("backup %s: %v", path, err)
	}
	do := s.backup
	if s.locks != nil {
		do = s.backupPostgres
	}
	if err := do(ctx, part); err != nil {
		os.Remove(part)
		return fmt.Errorf("backup %s: %w", path, err)
	}
	if err := os.Rename(part, path); err != nil {
		os.Remove(part)
		return fmt.Errorf("backup %s: %v", path, err)
	}
	return nil
}

func (s *Store) backup(ctx context.Context, part string) error {
	db, err := sql.Open("sqlite", s.dsn("mode=rw")) // the readers may not write, and the writer is needed
	if err != nil {
		return s.fail("opening", "", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, sqliteBackup, part); err != nil {
		return s.fail("copying", "no copy was made", err)
	}
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// backupPostgres copies into a file of SQLite. The copy's own log and locks are gone when it is closed.
func (s *Store) backupPostgres(ctx context.Context, part string) error {
	to, err := Open(ctx, Options{URL: "sqlite:" + part, Now: s.now})
	if err != nil {
		return err
	}
	_, err = copyAll(ctx, s, to, nil, func(context.Context, *sql.Conn) error { return nil })
	err = errors.Join(err, to.Close())
	for _, beside := range []string{"-wal", "-shm", "-migrate.lock"} {
		if rerr := os.Remove(part + beside); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

// checkFile looks for damage in the file's structure and in what its rows point to.
func (s *Store) checkFile(ctx context.Context, next string) error {
	rows, err := s.reader.QueryContext(ctx, sqliteCheck)
	if err != nil {
		return s.fail("checking", "", err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return s.fail("checking", "", err)
		}
		if line != "ok" {
			found = append(found, line)
		}
	}
	if err := rows.Err(); err != nil {
		return s.fail("checking", "", err)
	}
	if len(found) > 0 {
		return fmt.Errorf("store %s: the file is damaged: %s: %s", s.path, next, strings.Join(found, "; "))
	}

	keys, err := s.reader.QueryContext(ctx, sqliteKeys)
	if err != nil {
		return s.fail("checking", "", err)
	}
	defer keys.Close()
	if keys.Next() {
		var table, parent sql.NullString
		var row, key sql.NullInt64
		if err := keys.Scan(&table, &row, &parent, &key); err != nil {
			return s.fail("checking", "", err)
		}
		return fmt.Errorf("store %s: row %d of %s points to nothing in %s: %s", s.path, row.Int64, table.String, parent.String, next)
	}
	if err := keys.Err(); err != nil {
		return s.fail("checking", "", err)
	}
	return nil
}

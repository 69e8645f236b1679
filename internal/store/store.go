package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"utkik/internal/call"
)

// Options is what a store needs.
type Options struct {
	// URL is sqlite:/path/utkik.db, or the path alone, whose folder is made when it is missing; or
	// postgres://user:password@host/database, whose tables are made when they are missing.
	URL string
	Now func() time.Time // stamps what no caller stamps: a run that is committed without an end
}

// What callers ask about with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrNewer    = errors.New("schema is newer than the program")
	ErrRunning  = errors.New("a run is going on")
)

// Store is the open database, as one organisation sees it. All methods may be called at the same time; writers wait for each
// other.
type Store struct {
	*base
	prefix string // of ids as they are stored; see [Store.Of]
}

// base is the open database.
type base struct {
	path   string // of the file, or the address without its password
	now    func() time.Time
	writer *sql.DB // one connection
	reader *sql.DB // several, that cannot write
	engine dialect
	stmts  [queries]*sql.Stmt

	locks   *sql.DB         // of PostgreSQL, one connection a lock; nil: the locks are files
	address *pgx.ConnConfig // of PostgreSQL

	full bool // how durable the writing connection is set; belongs to who has the connection

	mu      sync.Mutex
	holds   map[int64]*hold // by run
	line    []*keeping      // documents that wait to be written
	keeping bool            // whether somebody writes documents
}

// Open opens the database and brings its schema forward. A schema newer than the program is ErrNewer, and
// nothing is touched.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{base: &base{now: o.Now, holds: map[int64]*hold{}, full: true}}
	if s.now == nil {
		return nil, errors.New("store: no clock was given")
	}
	open := s.openSQLite
	if isPostgres(o.URL) {
		open = s.openPostgres
	}
	if err := open(ctx, o.URL); err != nil {
		s.Close()
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		s.Close()
		return nil, s.fail("preparing statements", nothingSaved, err)
	}
	return s, nil
}

// Path is the database's file, or its address without the password.
func (s *Store) Path() string { return s.path }

func (s *Store) prepare(ctx context.Context) error {
	for q := range statements {
		text := s.engine.text(query(q))
		db := s.writer
		if query(q) < reads {
			db = s.reader
		}
		if text == "" { // the end of the reads
			continue
		}
		st, err := db.PrepareContext(ctx, text)
		if err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		s.stmts[q] = st
	}
	return nil
}

// Close closes the database and lets go of the sources that are held. A run that was not ended is ended as
// interrupted when its source is next begun.
func (s *Store) Close() error {
	var errs []error
	for _, st := range s.stmts {
		if st != nil {
			errs = append(errs, st.Close())
		}
	}
	for _, db := range []*sql.DB{s.reader, s.writer} { // the writer last: it folds the log into the file
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.holds)) {
		errs = append(errs, s.holds[id].free())
	}
	clear(s.holds)
	if s.locks != nil {
		errs = append(errs, s.locks.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("store %s: closing: %w", s.path, err)
	}
	return nil
}

// txn is a transaction of the writing connection.
type txn struct {
	ctx   context.Context // not cancelled: what is asked between two statements, and by Commit, is asked of outer
	outer context.Context
	conn  *sql.Conn
	tx    *sql.Tx
	store *Store
	stmts [queries]*sql.Stmt
	wrote bool // a row was altered
}

// stop tells why the transaction should not go on.
func (t *txn) stop() error { return context.Cause(t.outer) }

func (t *txn) stmt(q query) *sql.Stmt {
	if t.stmts[q] == nil {
		t.stmts[q] = t.tx.StmtContext(t.ctx, t.store.stmts[q])
	}
	return t.stmts[q]
}

func (t *txn) exec(q query, args ...any) (int64, error) {
	r, err := t.stmt(q).ExecContext(t.ctx, plain(args)...)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	t.wrote = t.wrote || n > 0
	return n, err
}

func (t *txn) row(q query, args ...any) *sql.Row {
	return t.stmt(q).QueryRowContext(t.ctx, plain(args)...)
}

// plain gives texts as both engines can keep them: PostgreSQL refuses what is not UTF-8, and the character NUL.
func plain(args []any) []any {
	for i, a := range args {
		if text, ok := a.(string); ok && (strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text)) {
			args[i] = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
		}
	}
	return args
}

// list makes a parameter of many values, whose statement takes it apart by EACH.
func list[T int64 | string](values []T) string {
	kept := make([]any, len(values))
	for i, v := range values {
		kept[i] = v
	}
	text, err := json.Marshal(plain(kept))
	if err != nil {
		panic(err) // unreachable: numbers and texts can be written
	}
	return string(text)
}

// bySource hands on keys source by source, in order, each key once: many are asked for by one statement a source.
func bySource(keys []call.Key, fn func(source string, refs []string) error) error {
	refs := map[string][]string{}
	for _, k := range keys {
		refs[k.Source] = append(refs[k.Source], k.Ref)
	}
	for _, source := range slices.Sorted(maps.Keys(refs)) {
		slices.Sort(refs[source])
		if err := fn(source, slices.Compact(refs[source])); err != nil {
			return err
		}
	}
	return nil
}

// row asks for one row on the reading pool.
func (s *Store) row(ctx context.Context, q query, args ...any) *sql.Row {
	return s.stmts[q].QueryRowContext(ctx, plain(args)...)
}

// take raises the counters and gives them as they then are. Taking nothing holds them (see the package's
// text on order).
func (t *txn) take(rev, seq int64) (int64, int64, error) {
	err := t.row(counterTake, rev, seq).Scan(&rev, &seq)
	return rev, seq, err
}

// How durable a transaction is.
const (
	survivesPower   = true
	survivesProcess = false
)

// write runs fn in a transaction of the writing connection: all of it or nothing.
func (s *Store) write(ctx context.Context, full bool, fn func(*txn) error) (result error) {
	conn, tx, err := s.begin(ctx, full)
	if s.locks != nil && away(err) && ctx.Err() == nil { // the connection was lost while it stood idle: take another
		conn, tx, err = s.begin(ctx, full)
	}
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	defer conn.Close()
	defer tx.Rollback()
	// The statements run without cancellation: with it the driver starts a goroutine for each.
	t := &txn{ctx: context.WithoutCancel(ctx), outer: ctx, conn: conn, tx: tx, store: s}
	err = fn(t)
	if deed, _ := ctx.Value(auditKey{}).(*audited); err == nil && deed != nil && t.wrote {
		deed.mu.Lock() // until it is known what became of the transaction
		defer func() { deed.kept = deed.kept || result == nil; deed.mu.Unlock() }()
		if !deed.kept {
			err = t.audit(deed.entry)
		}
	}
	if err != nil {
		if stop := t.stop(); stop != nil { // the transaction was taken away, whatever the statement says
			return stop
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		if s.locks != nil && away(err) {
			return &unsureError{err}
		}
		return err
	}
	return nil
}

// begin begins a transaction that is as durable as it should be.
func (s *Store) begin(ctx context.Context, full bool) (*sql.Conn, *sql.Tx, error) {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	if full != s.full {
		setting := s.engine.normal
		if full {
			setting = s.engine.full
		}
		// Not cancelled half-way: then nobody would know how the connection is set.
		if _, err = conn.ExecContext(context.WithoutCancel(ctx), setting); err == nil {
			s.full = full
		}
	}
	var tx *sql.Tx
	if err == nil {
		tx, err = conn.BeginTx(ctx, nil)
	}
	if err != nil {
		if s.locks != nil && away(err) {
			discard(conn)
		}
		conn.Close()
		return nil, nil, err
	}
	return conn, tx, nil
}

// unsureError says that the connection was lost while the server was asked to commit: it may have done so.
type unsureError struct{ error }

func (e *unsureError) Unwrap() error { return e.error }

// scanner is a row.
type scanner interface{ Scan(dest ...any) error }

// swift asks for one row by its key, of which many are asked for in turn: such a question ends before it begins or not at all. To be
// able to end it in between takes longer on SQLite than the answer, since database/sql and the driver start a goroutine each. A
// server may not answer, so there the context stays as it is.
func (s *Store) swift(ctx context.Context, q query, args ...any) scanner {
	if s.locks == nil && ctx.Done() != nil {
		if err := context.Cause(ctx); err != nil {
			return ended{err}
		}
		ctx = context.WithoutCancel(ctx)
	}
	return s.row(ctx, q, args...)
}

// ended is a row that was not asked for any more.
type ended struct{ error }

func (e ended) Scan(...any) error { return e.error }

// all reads every row of a reading statement.
func all[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), q query, args ...any) ([]T, error) {
	var out []T
	err := each(ctx, s, scan, func(v T) error { out = append(out, v); return nil }, q, args...)
	return out, err
}

// each hands on every row of a reading statement. Errors of fn come back as they are, the store's wrapped.
func each[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), fn func(T) error, q query, args ...any) error {
	rows, err := s.stmts[q].QueryContext(ctx, plain(args)...)
	if err != nil {
		return s.fail("reading", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return s.fail("reading", "", err)
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.fail("reading", "", err)
	}
	return nil
}

// eachIn hands on every row of a statement of the transaction. Rows are read to their end before fn is to write.
func eachIn(t *txn, fn func(scanner) error, q query, args ...any) error {
	rows, err := t.stmt(q).QueryContext(t.ctx, plain(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// one reads the only row of a reading statement; what names it in an error.
func one[T any](ctx context.Context, s *Store, what string, scan func(scanner) (T, error), q query, args ...any) (T, error) {
	v, err := scan(s.row(ctx, q, args...))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return v, fmt.Errorf("store %s: %s: %w", s.path, what, ErrNotFound)
	case err != nil:
		return v, s.fail(what, "", err)
	}
	return v, nil
}

// ms is a time as it is stored: milliseconds since 1970 UTC, 0 for the zero time.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at is the time that ms stored.
func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// bit is a boolean as it is stored.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// most is a limit as it is asked for: 0 or less is none.
func most(limit int) int64 {
	if limit <= 0 {
		return math.MaxInt64
	}
	return int64(limit)
}

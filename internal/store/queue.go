package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Queue is where the queue of jobs lives: in the store's own database, by connections of its own, so that a busy store
// never keeps it waiting for one. Exactly one of the two is not nil.
type Queue struct {
	SQLite   *sql.DB // one connection: SQLite has one writer
	Postgres *pgxpool.Pool
}

// Close closes its connections.
func (q *Queue) Close() error {
	if q.Postgres != nil {
		q.Postgres.Close()
		return nil
	}
	return q.SQLite.Close()
}

// OpenQueue opens the queue's connections. prepare brings its tables forward; of several programs one does at a time,
// and the others wait for it.
func (s *Store) OpenQueue(ctx context.Context, prepare func(context.Context, *Queue) error) (*Queue, error) {
	const doing = "opening the queue of jobs"
	q := &Queue{}
	if s.locks == nil {
		db, err := sql.Open("sqlite", s.dsn("_journal_mode=WAL", "_synchronous=FULL", "_foreign_keys=1"))
		if err != nil {
			return nil, s.fail(doing, nothingSaved, err)
		}
		db.SetMaxOpenConns(1)
		q.SQLite = db
		h, err := s.holdMigration(ctx)
		if err != nil {
			db.Close()
			return nil, err
		}
		defer h.free()
	} else {
		c, err := pgxpool.ParseConfig("")
		if err != nil {
			return nil, s.fail(doing, nothingSaved, err)
		}
		c.ConnConfig = s.address.Copy()
		maps.Copy(c.ConnConfig.RuntimeParams, map[string]string{"idle_in_transaction_session_timeout": "60000"})
		c.MaxConns, c.MaxConnIdleTime = queueConnections, 5*time.Minute
		if q.Postgres, err = pgxpool.NewWithConfig(context.WithoutCancel(ctx), c); err != nil {
			return nil, s.fail(doing, nothingSaved, err)
		}
		conn, err := s.locks.Conn(ctx)
		if err != nil {
			q.Close()
			return nil, s.fail(doing, nothingSaved, err)
		}
		defer discard(conn)
		if _, err := conn.ExecContext(ctx, postgresWait, lockKey("migrate")); err != nil {
			q.Close()
			return nil, s.fail(doing, nothingSaved, err)
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), postgresFree, lockKey("migrate"))
	}
	if err := prepare(ctx, q); err != nil {
		q.Close()
		return nil, s.fail(doing, "the data is as it was", err)
	}
	return q, nil
}

// queueConnections: one listens, the others fetch, finish and lead.
const queueConnections = 5

// Tx is a transaction of the store, for what is to happen with it or not at all. Exactly one of the two is not nil.
type Tx struct {
	SQLite   *sql.Tx
	Postgres pgx.Tx
}

type alongKey struct{}

// Along gives a context in which the next run that is committed calls fn in its transaction, when all of the run has
// been written. What fn writes is saved with the run; its error undoes both.
func Along(ctx context.Context, fn func(context.Context, Tx, Run) error) context.Context {
	return context.WithValue(ctx, alongKey{}, fn)
}

// along calls what the context says is to happen with the run.
func (t *txn) along(run Run) error {
	fn, ok := t.outer.Value(alongKey{}).(func(context.Context, Tx, Run) error)
	if !ok {
		return nil
	}
	if t.store.locks == nil {
		return fn(t.ctx, Tx{SQLite: t.tx}, run)
	}
	return t.conn.Raw(func(c any) error {
		return fn(t.ctx, Tx{Postgres: borrowed{c.(interface{ Conn() *pgx.Conn }).Conn()}}, run)
	})
}

// borrowed shows a connection in the midst of a transaction that database/sql began as the transaction that it is.
// Ending it is the store's.
type borrowed struct{ conn *pgx.Conn }

var errBorrowed = errors.New("the transaction is the store's: it begins and ends it")

func (b borrowed) Begin(context.Context) (pgx.Tx, error) { return nil, errBorrowed }
func (b borrowed) Commit(context.Context) error          { return errBorrowed }
func (b borrowed) Rollback(context.Context) error        { return errBorrowed }
func (b borrowed) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }
func (b borrowed) Conn() *pgx.Conn                       { return b.conn }

func (b borrowed) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return b.conn.Exec(ctx, sql, args...)
}

func (b borrowed) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return b.conn.Query(ctx, sql, args...)
}

func (b borrowed) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return b.conn.QueryRow(ctx, sql, args...)
}

func (b borrowed) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	return b.conn.SendBatch(ctx, batch)
}

func (b borrowed) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return b.conn.Prepare(ctx, name, sql)
}

func (b borrowed) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return b.conn.CopyFrom(ctx, table, columns, rows)
}

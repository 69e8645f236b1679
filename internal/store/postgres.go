package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// What only PostgreSQL understands. Everything else is in sql.go and runs on both engines.
const (
	postgresPlace = `SELECT current_setting('server_encoding'), COALESCE(current_schema(), '')`
	// What belongs to an extension is nobody's table.
	postgresTables = `SELECT COUNT(*), COUNT(CASE WHEN c.relname = '` + versionTable + `' THEN 1 END) FROM pg_class c
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
		AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`
	postgresSchema = `SELECT DISTINCT version_id FROM ` + versionTable + ` WHERE is_applied AND version_id > 0 ORDER BY version_id`
	postgresTake   = `SELECT pg_try_advisory_lock($1)`
	postgresFree   = `SELECT pg_advisory_unlock($1)`
	postgresWait   = `SELECT pg_advisory_lock($1)`
	postgresSize   = `SELECT pg_database_size(current_database())`
)

// postgresSettings hold for every connection, whatever the server's own are.
var postgresSettings = map[string]string{
	"application_name":              "utkik",
	"client_encoding":               "UTF8",
	"default_transaction_isolation": "read committed", // a writer that waited for the counters sees what was written meanwhile
	"synchronous_commit":            "on",
	"lock_timeout":                  fmt.Sprint((4 * busy).Milliseconds()),
	// A writer holds the counters to the end of its transaction: one that hangs must not stop all others.
	"idle_in_transaction_session_timeout": fmt.Sprint((2 * time.Minute).Milliseconds()),
	// A machine that lost its power says nothing. The server asks, and frees after half a minute what it held.
	"tcp_keepalives_idle":     "10",
	"tcp_keepalives_interval": "5",
	"tcp_keepalives_count":    "4",
	"tcp_user_timeout":        "30000",
}

// A machine that is cut off hears nothing, not even that its connections are gone: TCP itself asks again for a quarter of an
// hour, and whoever waits for an answer waits as long.
const (
	connectTime = 10 * time.Second // to be connected and let in; ?connect_timeout= in the address stands above it
	// lostAfter is how long the server may give no sign. It is shorter than the server waits for this machine, so that one
	// that was cut off knows that what it held is lost before another has it.
	lostAfter = 20 * time.Second
)

func isPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres:") || strings.HasPrefix(address, "postgresql:")
}

// postgresConfig reads an address. Its password goes into no error.
func postgresConfig(address string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("store postgres:...: the address cannot be read: want postgres://user:password@host/database; letters such as " +
			"@ and / in a password are written as %40 and %2F, and files of sslrootcert, sslcert and sslkey must be there")
	}
	if c.RuntimeParams == nil {
		c.RuntimeParams = map[string]string{}
	}
	own := maps.Clone(c.RuntimeParams) // the operator's, such as search_path
	maps.Copy(c.RuntimeParams, postgresSettings)
	if name := own["application_name"]; name != "" {
		c.RuntimeParams["application_name"] = name
	}
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, connectTime)
	d := &net.Dialer{
		Timeout: c.ConnectTimeout, Control: giveUp,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: lostAfter / 2, Interval: lostAfter / 4, Count: 2},
	}
	c.DialFunc = d.DialContext
	return c, nil
}

// postgresName is the address as it may be shown.
func postgresName(c *pgx.ConnConfig) string {
	if strings.HasPrefix(c.Host, "/") {
		return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d", c.User, c.Database, c.Host, c.Port)
	}
	return fmt.Sprintf("postgres://%s@%s/%s", c.User, net.JoinHostPort(c.Host, fmt.Sprint(c.Port)), c.Database)
}

// pool opens connections with further settings.
func postgresPool(c *pgx.ConnConfig, most int, settings map[string]string) *sql.DB {
	c = c.Copy()
	maps.Copy(c.RuntimeParams, settings)
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	db.SetConnMaxIdleTime(time.Minute)
	return db
}

func (s *Store) openPostgres(ctx context.Context, address string) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	c, err := postgresConfig(address)
	if err != nil {
		return err
	}
	return s.openPostgresSchema(ctx, c, sub)
}

// openPostgresSchema opens the database with the schema that the migrations of fsys lead to.
func (s *Store) openPostgresSchema(ctx context.Context, c *pgx.ConnConfig, fsys fs.FS) error {
	s.path, s.engine, s.address = postgresName(c), postgresDialect, c
	want, err := versions(fsys)
	if err != nil {
		return err
	}
	s.writer = postgresPool(c, 1, nil)
	s.writer.SetConnMaxIdleTime(0)
	s.locks = postgresPool(c, 0, nil) // one a source that is being read, gone when it has been
	s.locks.SetMaxIdleConns(-1)
	have, err := s.postgresVersions(ctx, s.writer, want)
	if err != nil {
		return err
	}
	if !slices.Equal(have, want) {
		if err := s.migratePostgres(ctx, want, fsys); err != nil {
			return err
		}
	}
	s.reader = postgresPool(c, max(8, 2*runtime.GOMAXPROCS(0)), map[string]string{"default_transaction_read_only": "on"})
	return nil
}

// postgresVersions looks at the database before anything is made in it, and gives the versions that its schema was
// brought through, sorted: none when it is empty. One that is not among want is ErrNewer.
func (s *Store) postgresVersions(ctx context.Context, db *sql.DB, want []int64) ([]int64, error) {
	const doing = "opening"
	var encoding, schema string
	if err := db.QueryRowContext(ctx, postgresPlace).Scan(&encoding, &schema); err != nil {
		return nil, s.fail(doing, nothingSaved, err)
	}
	if encoding != "UTF8" {
		return nil, fmt.Errorf("store %s: the database's encoding is %s: make one with createdb --encoding=UTF8 --template=template0; nothing was touched", s.path, encoding)
	}
	if schema == "" {
		return nil, fmt.Errorf("store %s: the search path names no schema that is there: create it, or name another in the address; nothing was touched", s.path)
	}
	var tables, ours int
	if err := db.QueryRowContext(ctx, postgresTables).Scan(&tables, &ours); err != nil {
		return nil, s.fail(doing, nothingSaved, err)
	}
	if ours == 0 {
		if tables > 0 {
			return nil, fmt.Errorf("store %s: schema %s holds the tables of another program: name another database, or another schema with ?search_path=, and a backup is put there by `utkik restore FILE`; nothing was touched", s.path, schema)
		}
		return nil, nil
	}
	rows, err := db.QueryContext(ctx, postgresSchema)
	if err != nil {
		return nil, s.fail(doing, nothingSaved, err)
	}
	defer rows.Close()
	var have []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, s.fail(doing, nothingSaved, err)
		}
		if !slices.Contains(want, n) {
			return nil, fmt.Errorf("store %s: its schema has version %d and this program knows %v: run the newer program that wrote it, or %s; "+
				"nothing was touched: %w", s.path, n, want, restoreDatabase, ErrNewer)
		}
		have = append(have, n)
	}
	if err := rows.Err(); err != nil {
		return nil, s.fail(doing, nothingSaved, err)
	}
	return have, nil
}

// migratePostgres brings the schema forward; of several machines one does, and the others wait for it.
func (s *Store) migratePostgres(ctx context.Context, want []int64, fsys fs.FS) error {
	conn, err := s.locks.Conn(ctx)
	if err != nil {
		return s.fail("opening", nothingSaved, err)
	}
	defer discard(conn)
	if _, err := conn.ExecContext(ctx, postgresWait, lockKey("migrate")); err != nil {
		return s.fail("waiting for another program that brings the schema forward", nothingSaved, err)
	}
	have, err := s.postgresVersions(ctx, s.writer, want) // another may have been first
	if err == nil && !slices.Equal(have, want) {
		if err = migrate(ctx, s.engine, s.writer, fsys); err != nil {
			err = s.fail("bringing the schema forward", "the data is as it was", err)
		}
	}
	// Freed here and not by the end of the connection, which the server may notice later.
	if _, ferr := conn.ExecContext(context.WithoutCancel(ctx), postgresFree, lockKey("migrate")); err == nil && ferr != nil {
		err = s.fail("opening", "", ferr)
	}
	return err
}

// lockKey is the number under which PostgreSQL knows a lock of ours in its database.
func lockKey(name string) int64 {
	sum := sha256.Sum256([]byte("utkik " + name))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// takeLock takes a lock that ends with its connection, however the process or its machine ends, or answers errHeld
// at once. Each has a connection of its own: a lock does not keep out the connection that has it.
func (s *Store) takeLock(ctx context.Context, name string) (*hold, error) {
	conn, err := s.locks.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var got bool
	if err := conn.QueryRowContext(ctx, postgresTake, lockKey(name)).Scan(&got); err != nil || !got {
		discard(conn)
		if err == nil {
			err = errHeld
		}
		return nil, err
	}
	return &hold{func() error {
		defer discard(conn)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		// The end of the connection frees it too, but the server may notice that later. One that is lost has freed it.
		_, _ = conn.ExecContext(ctx, postgresFree, lockKey(name))
		return nil
	}}, nil
}

// discard closes a connection instead of giving it back.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// away tells whether the connection was lost, or never came to be.
func away(err error) bool {
	var net net.Error
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, driver.ErrBadConn) || errors.As(err, &net) ||
		err != nil && strings.Contains(err.Error(), "conn closed")
}

// postgresSays tells what an error means for who runs the program and what to do next; empty when it has no better
// words than the error's own.
func postgresSays(err error) string {
	var coded *pgconn.PgError
	if errors.As(err, &coded) {
		switch coded.Code {
		case "28P01", "28000":
			return "the server refuses user and password: mend them in store.url, or the server's pg_hba.conf"
		case "3D000":
			return "there is no such database: make it with createdb --encoding=UTF8, or mend its name in store.url"
		case "42501":
			return "the user may not do this: make it the owner of the database or of its schema"
		case "53300":
			return "the server has no connection to spare: raise its max_connections, or stop something else; each utkik takes up to thirty"
		case "53100":
			return "the server's disk is full: free space on it and run the command again"
		case "25006":
			return "the server cannot be written, it is a copy of another: name the one that can, or both with target_session_attrs=read-write"
		case "57P01", "57P02", "57P03":
			return "the server is stopping or starting: run the command again when it answers"
		case "55P03":
			return fmt.Sprintf("locked by another program for more than %s: let it finish and run the command again", 4*busy)
		case "40001", "40P01":
			return "another program wrote at the same moment: run the command again"
		case "57014":
			return "interrupted: run the command again"
		case "XX001", "XX002":
			return "the server says that the database is damaged: stop every utkik, and " + restoreDatabase
		}
		if strings.HasPrefix(coded.Code, "23") {
			return "a row was refused: this is a fault of the program, report it with the words in parentheses"
		}
		return ""
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ""
	case errors.As(err, new(*pgconn.ConnectError)):
		return "no PostgreSQL server answers there: see that it runs, that host and port in store.url are its own, and that nothing stands between"
	case away(err):
		return "the connection to the server was lost: run the command again when it answers"
	}
	return ""
}

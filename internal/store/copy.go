package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"slices"
	"strings"
)

// What the engines do not share when a schema is asked what it is. Everything that is copied is found so, and no table
// that a migration adds can be forgotten.
const (
	sqliteTableList = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`
	sqliteColumns   = `SELECT name, pk FROM pragma_table_info($1) ORDER BY name`
	sqliteParents   = `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1) ORDER BY 1`

	postgresTableList = `SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
		AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relname COLLATE "C"`
	postgresColumns = `SELECT a.attname, COALESCE(array_position(i.indkey::int2[], a.attnum), -1) + 1 FROM pg_attribute a
		LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
		WHERE a.attrelid = (quote_ident(current_schema()) || '.' || quote_ident($1))::regclass AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attname COLLATE "C"`
	postgresParents = `SELECT DISTINCT p.relname FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid
		WHERE f.contype = 'f' AND f.conrelid = (quote_ident(current_schema()) || '.' || quote_ident($1))::regclass ORDER BY 1`
	postgresNumbered = `SELECT attname FROM pg_attribute
		WHERE attrelid = (quote_ident(current_schema()) || '.' || quote_ident($1))::regclass AND attidentity <> '' ORDER BY 1`
)

// notCopied tells of tables that are not ours to copy: goose has noted in both stores which migrations they had, and the
// queue's jobs are added anew by whoever serves, since what is due is asked of what is copied.
func notCopied(table string) bool { return table == versionTable || strings.HasPrefix(table, "river_") }

// table is one table as its schema has it.
type table struct {
	name    string
	columns []string // by name
	key     []string // of the primary key
	parents []string // that it points to
}

// Copied is what was copied of one table.
type Copied struct {
	Table string
	Rows  int64
	Hash  string // of all rows, the same on both sides
}

// copyRows is how many rows are written by one statement, copyParameters how many values one may have on both engines.
const (
	copyRows       = 100
	copyParameters = 30_000
)

// Copy writes everything that one store holds into another, which must be empty, reads it there again and compares: all
// of it is copied, or nothing. told, which may be nil, hears of each table. A store that is written to meanwhile is not
// copied: what is written after would be missed by who moves to the copy.
func Copy(ctx context.Context, from, to *Store, told func(Copied)) ([]Copied, error) {
	return copyAll(ctx, from, to, told, from.unchanged)
}

// copyAll copies what the store holds at one moment. still says, at its end, why the copy is of no use.
func copyAll(ctx context.Context, from, to *Store, told func(Copied), still func(context.Context, *sql.Conn) error) ([]Copied, error) {
	src, end, err := from.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	tables, err := from.tables(ctx, src)
	if err != nil {
		return nil, from.fail("reading the schema", "", err)
	}
	var out []Copied
	err = to.write(ctx, survivesPower, func(t *txn) error {
		if err := to.fits(t, tables); err != nil {
			return err
		}
		for _, tab := range slices.Backward(tables) {
			if _, err := t.tx.ExecContext(t.ctx, "DELETE FROM "+tab.name); err != nil { // what a migration put there
				return fmt.Errorf("emptying %s: %w", tab.name, err)
			}
		}
		for _, tab := range tables {
			c, err := tab.copy(ctx, src, t)
			if err != nil {
				return fmt.Errorf("copying %s: %w", tab.name, err)
			}
			out = append(out, c)
			if told != nil {
				told(c)
			}
		}
		return still(ctx, src)
	})
	if err != nil {
		return nil, to.fail("copying from "+from.path, "nothing was copied", err)
	}
	return out, nil
}

// snapshot gives a connection on which everything is read as it is at one moment.
func (s *Store) snapshot(ctx context.Context) (*sql.Conn, func(), error) {
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return nil, nil, s.fail("reading", "", err)
	}
	begin := "BEGIN"
	if s.locks != nil {
		begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		conn.Close()
		return nil, nil, s.fail("reading", "", err)
	}
	return conn, func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		conn.Close()
	}, nil
}

// unchanged tells whether nobody wrote to the store since its snapshot was taken.
func (s *Store) unchanged(ctx context.Context, snapshot *sql.Conn) error {
	const mark = `SELECT (SELECT rev + seq FROM counters), (SELECT COALESCE(MAX(id), 0) FROM runs), (SELECT COALESCE(MAX(id), 0) FROM documents)`
	var then, now [3]int64
	if err := snapshot.QueryRowContext(ctx, mark).Scan(&then[0], &then[1], &then[2]); err != nil {
		return err
	}
	if err := s.reader.QueryRowContext(ctx, mark).Scan(&now[0], &now[1], &now[2]); err != nil {
		return err
	}
	if then != now {
		return fmt.Errorf("store %s was written to meanwhile: stop every utkik that uses it, and copy again", s.path)
	}
	return nil
}

// Contents counts and hashes every table that [Copy] copies, as it is at one moment.
func (s *Store) Contents(ctx context.Context) ([]Copied, error) {
	src, end, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	tables, err := s.tables(ctx, src)
	if err != nil {
		return nil, s.fail("reading the schema", "", err)
	}
	out := make([]Copied, len(tables))
	for i, tab := range tables {
		c := Copied{Table: tab.name}
		c.Hash, err = tab.each(ctx, src, func([]any) error { c.Rows++; return nil })
		if err != nil {
			return nil, s.fail("reading "+tab.name, "", err)
		}
		out[i] = c
	}
	return out, nil
}

// asker is a connection or a transaction.
type asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// tables gives the tables that are copied, each after those that it points to.
func (s *Store) tables(ctx context.Context, db asker) ([]table, error) {
	list, columns, parents := sqliteTableList, sqliteColumns, sqliteParents
	if s.locks != nil {
		list, columns, parents = postgresTableList, postgresColumns, postgresParents
	}
	names, err := words(ctx, db, list)
	if err != nil {
		return nil, err
	}
	var rest []table
	for _, name := range names {
		if notCopied(name) {
			continue
		}
		t := table{name: name}
		rows, err := db.QueryContext(ctx, columns, name)
		if err != nil {
			return nil, err
		}
		key := map[int]string{}
		for rows.Next() {
			var column string
			var at int
			if err := rows.Scan(&column, &at); err != nil {
				rows.Close()
				return nil, err
			}
			t.columns = append(t.columns, column)
			if at > 0 {
				key[at] = column
			}
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, err
		}
		for at := 1; key[at] != ""; at++ {
			t.key = append(t.key, key[at])
		}
		if len(t.key) == 0 {
			t.key = t.columns
		}
		if t.parents, err = words(ctx, db, parents, name); err != nil {
			return nil, err
		}
		rest = append(rest, t)
	}
	var out []table
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(t table) bool {
			return !slices.ContainsFunc(t.parents, func(p string) bool {
				return p != t.name && slices.ContainsFunc(rest, func(r table) bool { return r.name == p })
			})
		})
		if i < 0 {
			return nil, fmt.Errorf("tables point to each other in a circle, %s among them", rest[0].name)
		}
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out, nil
}

func words(ctx context.Context, db asker, query string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var w string
		if err := rows.Scan(&w); err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, rows.Err()
}

// errNotEmpty refuses to copy over what somebody has.
var errNotEmpty = errors.New("holds something already: name an empty one")

// fits tells why the tables cannot be copied here.
func (s *Store) fits(t *txn, tables []table) error {
	own, err := s.tables(t.ctx, t.tx)
	if err != nil {
		return err
	}
	for _, want := range tables {
		i := slices.IndexFunc(own, func(o table) bool { return o.name == want.name })
		if i < 0 || !slices.Equal(own[i].columns, want.columns) {
			return fmt.Errorf("table %s is another in the two stores: this is a fault of the program, report it", want.name)
		}
	}
	if len(own) != len(tables) {
		return errors.New("the two stores have different tables: this is a fault of the program, report it")
	}
	for _, o := range own {
		query := "SELECT COUNT(*) FROM " + o.name
		if o.name == "counters" { // a migration puts a row there
			query += " WHERE rev + seq > 0"
		}
		var n int64
		if err := t.tx.QueryRowContext(t.ctx, query).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("store %s (%d rows of %s) %w", s.path, n, o.name, errNotEmpty)
		}
	}
	return nil
}

// copy copies the rows of one table, and reads them again where they were written.
func (tab table) copy(ctx context.Context, src *sql.Conn, t *txn) (Copied, error) {
	c := Copied{Table: tab.name}
	var batch []any
	n := 0
	most := min(copyRows, copyParameters/len(tab.columns))
	var full *sql.Stmt // of as many rows as one may have
	flush := func() (err error) {
		switch {
		case n == 0:
			return nil
		case n < most:
			_, err = t.tx.ExecContext(t.ctx, tab.insert(n), batch...)
		default:
			if full == nil {
				if full, err = t.tx.PrepareContext(t.ctx, tab.insert(n)); err != nil {
					return err
				}
			}
			_, err = full.ExecContext(t.ctx, batch...)
		}
		batch, n = batch[:0], 0
		return err
	}
	there, err := tab.each(ctx, src, func(values []any) error {
		if err := t.stop(); err != nil {
			return err
		}
		batch = append(batch, values...)
		c.Rows++
		if n++; n == most {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return c, err
	}
	rows := int64(0)
	here, err := tab.each(t.ctx, t.tx, func([]any) error { rows++; return t.stop() })
	if err != nil {
		return c, err
	}
	if rows != c.Rows || here != there {
		return c, fmt.Errorf("%d rows with hash %s came out as %d with %s", c.Rows, there, rows, here)
	}
	c.Hash = there
	return c, t.store.numberOn(t, tab)
}

// insert is the statement that writes n rows.
func (tab table) insert(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", tab.name, strings.Join(quoted(tab.columns), ", "))
	for i := range n * len(tab.columns) {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%len(tab.columns) == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteByte(')')
	return b.String()
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return out
}

// each hands on every row in the order of the key, and gives the hash of all.
func (tab table) each(ctx context.Context, db asker, fn func([]any) error) (string, error) {
	rows, err := db.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", strings.Join(quoted(tab.columns), ", "), tab.name, strings.Join(quoted(tab.key), ", ")))
	if err != nil {
		return "", err
	}
	defer rows.Close()
	sum := sha256.New()
	dest := make([]any, len(tab.columns))
	for rows.Next() {
		values := make([]any, len(tab.columns))
		for i := range dest {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return "", err
		}
		for i, v := range plain(values) {
			if err := hashValue(sum, v); err != nil {
				return "", fmt.Errorf("column %s: %w", tab.columns[i], err)
			}
		}
		if err := fn(values); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), rows.Err()
}

// hashValue adds a value so that no two rows of values add the same.
func hashValue(sum hash.Hash, v any) error {
	var head [9]byte
	put := func(kind byte, n uint64, body []byte) {
		head[0] = kind
		binary.BigEndian.PutUint64(head[1:], n)
		sum.Write(head[:])
		sum.Write(body)
	}
	switch v := v.(type) {
	case nil:
		put('n', 0, nil)
	case int64:
		put('i', uint64(v), nil)
	case string:
		put('s', uint64(len(v)), []byte(v))
	case []byte:
		put('b', uint64(len(v)), v)
	default:
		return fmt.Errorf("a value of type %T, which no table should hold", v)
	}
	return nil
}

// numberOn lets the engine give the next row a number that is free. SQLite goes by the rows themselves.
func (s *Store) numberOn(t *txn, tab table) error {
	if s.locks == nil {
		return nil
	}
	columns, err := words(t.ctx, t.tx, postgresNumbered, tab.name)
	if err != nil {
		return err
	}
	for _, c := range columns {
		if _, err := t.tx.ExecContext(t.ctx, fmt.Sprintf(`SELECT setval(pg_get_serial_sequence($1, $2), COALESCE(MAX("%s"), 0) + 1, false) FROM %s`, c, tab.name), tab.name, c); err != nil {
			return fmt.Errorf("numbering of %s: %w", tab.name, err)
		}
	}
	return nil
}

// Exists tells why there is no store at an address that could be copied from; opening it would make one.
func Exists(address string) error {
	if isPostgres(address) {
		return nil
	}
	path, err := sqlitePath(address)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("store %s: %v", path, err)
	}
	return nil
}

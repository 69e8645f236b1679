package store

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
)

// Look is what stands at an address, seen without making or altering anything.
type Look struct {
	Name string  // as it may be shown, without a password
	Have []int64 // the migrations that its schema was brought through, sorted; none: there is no store yet
	Want []int64 // those that this program knows
}

// Fits tells whether the schema is this program's.
func (l Look) Fits() bool { return slices.Equal(l.Have, l.Want) }

// Inspect looks at an address. A schema newer than the program is ErrNewer.
func Inspect(ctx context.Context, address string) (l Look, err error) {
	s := &Store{base: &base{holds: map[int64]*hold{}}}
	defer s.Close()
	if isPostgres(address) {
		c, err := postgresConfig(address)
		if err != nil {
			return l, err
		}
		s.path, s.engine, s.address = postgresName(c), postgresDialect, c
		s.locks = postgresPool(c, 0, nil)
		s.reader = postgresPool(c, 1, map[string]string{"default_transaction_read_only": "on"})
	} else {
		s.engine = sqliteDialect
		if s.path, err = sqlitePath(address); err != nil {
			return l, err
		}
	}
	return s.look(ctx)
}

func (s *Store) look(ctx context.Context) (l Look, err error) {
	l.Name = s.path
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return l, err
	}
	if l.Want, err = versions(sub); err != nil {
		return l, err
	}
	if s.locks != nil {
		l.Have, err = s.postgresVersions(ctx, s.reader, l.Want)
	} else {
		l.Have, err = s.schema(ctx, l.Want)
	}
	return l, err
}

// Fits tells why the database that was opened is not this program's any more: its file is gone, or another program has
// brought the schema forward meanwhile.
func (s *Store) Fits(ctx context.Context) error {
	l, err := s.look(ctx)
	switch {
	case err != nil:
		return err
	case len(l.Have) == 0:
		next := restoreFile
		if s.locks != nil {
			next = restoreDatabase
		}
		return fmt.Errorf("store %s: the database is gone: %s, and start the program again", s.path, next)
	case !l.Fits():
		return fmt.Errorf("store %s: its schema has versions %v and this program wants %v: start the program again, and another one's newer release on every machine", s.path, l.Have, l.Want)
	}
	return nil
}

// Ping asks the database for something small, by the connections that readers use.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.LastSeq(ctx)
	return err
}

// Clock is the database's own time in milliseconds since 1970 UTC; on SQLite it is this machine's.
func (s *Store) Clock(ctx context.Context) (int64, error) {
	var n int64
	if err := s.reader.QueryRowContext(ctx, "SELECT "+s.clock()).Scan(&n); err != nil {
		return 0, s.fail("asking for the time", "", err)
	}
	return n, nil
}

func (s *Store) clock() string { return s.engine.terms["CLOCK"] }

package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/store/storetest"
)

func TestPostgresRefuses(t *testing.T) {
	t.Parallel()
	db := pg.Database(t)
	other := pg.Database(t)
	admin := func(database, statement string) {
		t.Helper()
		db, err := sql.Open("pgx", pg.Socket(database))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	admin(other, "CREATE TABLE recipes (name TEXT)")
	admin("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	newer := pg.Database(t)
	if _, err := open(t, pg.Socket(newer)); err != nil {
		t.Fatal(err)
	}
	admin(newer, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)")
	for _, c := range []struct{ name, url, want string }{
		{"wrong password", pg.Network(db, "secret", ""), "the server refuses user and password"},
		{"no such database", pg.Network("nowhere", storetest.Password, ""), "there is no such database: make it with createdb"},
		{"server away", pg.Network(db, "secret", "127.0.0.1:1"), "no PostgreSQL server answers there"},
		{"no such host", "postgres://utkik:secret@nowhere.invalid/utkik", "no PostgreSQL server answers there"},
		{"another program's", pg.Socket(other), "schema public holds the tables of another program"},
		{"no such schema", pg.Socket(db) + "&search_path=nowhere", "the search path names no schema that is there"},
		{"another encoding", pg.Socket("latin"), "the database's encoding is LATIN1"},
		{"newer", pg.Socket(newer), "its schema has version 999 and this program knows"},
		{"not an address", "postgres://utkik:secret@db:port/utkik", "the address cannot be read"},
		{"a certificate that is not there", "postgres://utkik:secret@db/utkik?sslmode=verify-full&sslrootcert=/nowhere", "files of sslrootcert"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := open(t, c.url)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "store postgres:") {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("tells the password: %v", err)
			}
			if c.name == "newer" && !errors.Is(err, ErrNewer) {
				t.Errorf("got %v, want ErrNewer", err)
			}
		})
	}
	s, err := open(t, pg.Network(db, storetest.Password, ""))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("postgres://utkik@127.0.0.1:%d/%s", pg.Port(), db); s.Path() != want {
		t.Errorf("its name is %q, want %q", s.Path(), want)
	}
	for setting, want := range map[string]string{"synchronous_commit": "on", "default_transaction_isolation": "read committed"} {
		var got string
		if err := s.writer.QueryRow("SHOW " + setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s of the writer: %q, %v, want %q", setting, got, err, want)
		}
	}
	if _, err := s.reader.Exec("DELETE FROM counters"); err == nil {
		t.Error("a reader can write")
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// Several machines may open a database that is still empty.
func TestPostgresOpenTogether(t *testing.T) {
	t.Parallel()
	url := pg.URL(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := open(t, url); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// stores opens a database as several machines do.
func stores(t *testing.T, n int) []*Store {
	t.Helper()
	url := pg.URL(t)
	out := make([]*Store, n)
	for i := range out {
		var err error
		if out[i], err = open(t, url); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// A machine that lost the connection that held its source, and went on, must not write over what the next one reads.
func TestPostgresTakenOver(t *testing.T) {
	t.Parallel()
	m := stores(t, 2)
	ctx := t.Context()
	first, err := m[0].BeginRun(ctx, "ft-portal", "crawl", day(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m[1].BeginRun(ctx, "ft-portal", "crawl", day(1)); !errors.Is(err, ErrRunning) {
		t.Fatalf("while another machine reads it: %v", err)
	}
	if _, err := m[1].BeginRun(ctx, "have-your-say", "crawl", day(1)); err != nil {
		t.Fatalf("another source: %v", err)
	}
	var cut bool
	if err := m[1].writer.QueryRow("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint << 32 | objid::bigint = $1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
		lockKey("run-ft-portal")).Scan(&cut); err != nil || !cut {
		t.Fatalf("cutting the connection: %v, %v", cut, err)
	}
	freed(t, m[1], "run-ft-portal")
	second, err := m[1].BeginRun(ctx, "ft-portal", "crawl", day(2))
	if err != nil {
		t.Fatal(err)
	}
	before := dump(t, m[1])
	err = m[0].Commit(ctx, first, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1"), Changes: appeared()}}})
	if err == nil || !strings.Contains(err.Error(), "another process began a run of its source") || !strings.Contains(err.Error(), nothingSavedRun) {
		t.Errorf("got %v", err)
	}
	if err := m[0].EndRun(ctx, first); err != nil {
		t.Errorf("ending it: %v", err)
	}
	if diff := cmp.Diff(before, dump(t, m[1])); diff != "" {
		t.Errorf("a part was saved:\n%s", diff)
	}
	if err := m[1].Commit(ctx, second, Batch{Source: "ft-portal", At: day(2), Saves: []Save{{Call: sample("ft-portal", "1"), Changes: appeared()}}}); err != nil {
		t.Errorf("the run that took over: %v", err)
	}
}

// Numbers of the feeds become visible in their order, whoever writes on whatever machine: a reader that remembers the
// highest that it has seen misses nothing.
func TestPostgresFeedsInOrder(t *testing.T) {
	t.Parallel()
	const machines, rounds, calls = 4, 8, 4
	m := stores(t, machines)
	ctx := t.Context()
	var writers sync.WaitGroup
	for w, s := range m {
		writers.Go(func() {
			source := fmt.Sprintf("source-%d", w)
			for n := range rounds {
				var saves []Save
				var ms []Matched
				for i := range calls {
					c := sample(source, fmt.Sprint(i))
					c.Title = fmt.Sprint("Title ", n)
					saves = append(saves, Save{Call: c, Version: true, Changes: titled(c.Title)})
					ms = append(ms, Matched{c.Key(), []match.Result{{Priority: "kultur", Score: float64(n + i)}}})
				}
				run, err := s.BeginRun(ctx, source, "crawl", day(n))
				if err == nil {
					err = s.Commit(ctx, run, Batch{Source: source, At: day(n), Saves: saves})
				}
				if err == nil {
					err = s.SaveMatches(ctx, "p", "h", ms, int64(n))
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	var readers sync.WaitGroup
	for _, s := range m[:2] {
		readers.Go(func() {
			rev := map[call.Key]int64{}
			touched := map[call.Key]int64{}
			lines := 0
			var afterRev, afterTouched, afterSeq int64
			for last := false; ; {
				changed, err1 := s.Changed(ctx, afterRev, 4)
				touches, err2 := s.Touched(ctx, afterTouched, 7)
				log, err3 := s.Changes(ctx, ChangeQuery{After: afterSeq, Limit: 9})
				if err := errors.Join(err1, err2, err3); err != nil {
					t.Error(err)
					return
				}
				for _, r := range changed {
					afterRev = r.Rev
					rev[r.Call.Key()] = r.Rev
				}
				for _, r := range touches {
					afterTouched = r.Touched
					touched[r.Call.Key()] = r.Touched
				}
				for _, c := range log {
					afterSeq = c.Seq
					lines++
				}
				if last && len(changed)+len(touches)+len(log) == 0 {
					break
				}
				select {
				case <-done:
					last = true
				default:
				}
			}
			if lines != machines*rounds*calls {
				t.Errorf("followed %d lines of the log, want %d", lines, machines*rounds*calls)
			}
			n := 0
			err := s.EachRecord(ctx, func(r Record) error {
				n++
				if k := r.Call.Key(); rev[k] != r.Rev || touched[k] != r.Touched {
					t.Errorf("%s: followed to rev %d and touch %d, stands at %d and %d", k, rev[k], touched[k], r.Rev, r.Touched)
				}
				return nil
			})
			if err != nil || n != machines*calls {
				t.Errorf("%d calls, %v", n, err)
			}
		})
	}
	readers.Wait()
}

// wire stands between a store and its server, and can be cut.
type wire struct {
	at       string
	listener net.Listener
	down     atomic.Bool
	onCommit atomic.Bool // the server hears the next COMMIT, and its answer is lost

	mu    sync.Mutex
	conns []net.Conn
}

func newWire(t *testing.T) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{at: l.Addr().String(), listener: l}
	t.Cleanup(func() { l.Close(); w.cut() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", pg.Port()))
			if err != nil || w.down.Load() {
				c.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, c, server)
			w.mu.Unlock()
			go func() { _, _ = io.Copy(c, server); c.Close() }()
			go w.forth(c, server)
		}
	}()
	return w
}

func (w *wire) forth(from, to net.Conn) {
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && w.onCommit.Load() && bytes.Contains(bytes.ToLower(buf[:n]), []byte("commit")) {
			w.onCommit.Store(false)
			from.Close() // before the answer can come
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// cut ends every connection; none can be made until mend.
func (w *wire) cut() {
	w.down.Store(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}

func (w *wire) mend() { w.down.Store(false) }

func TestPostgresConnectionLost(t *testing.T) {
	t.Parallel()
	db := pg.Database(t)
	w := newWire(t)
	s, err := open(t, pg.Network(db, storetest.Password, w.at))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	run := saved(t, s, Batch{Source: "ft-portal", At: day(1), Saves: []Save{{Call: sample("ft-portal", "1"), Changes: appeared()}}})
	w.cut()
	if _, err := s.Record(ctx, call.Key{Source: "ft-portal", Ref: "1"}); err == nil || !strings.Contains(err.Error(), "no PostgreSQL server answers there") && !strings.Contains(err.Error(), "the connection to the server was lost") {
		t.Errorf("reading while the server is away: %v", err)
	}
	if _, err := s.BeginRun(ctx, "ft-portal", "crawl", day(2)); err == nil || !strings.Contains(err.Error(), nothingSaved) {
		t.Errorf("a run while the server is away: %v", err)
	}
	w.mend()
	again, err := s.BeginRun(ctx, "ft-portal", "crawl", day(2))
	if err != nil {
		t.Fatalf("when it is back: %v", err)
	}
	if again.ID <= run.ID {
		t.Errorf("run %d after run %d", again.ID, run.ID)
	}

	b := Batch{Source: "ft-portal", At: day(2), Saves: []Save{{Call: sample("ft-portal", "2"), Version: true, Changes: appeared()}}}
	w.onCommit.Store(true)
	err = s.Commit(ctx, again, b)
	if err == nil || !strings.Contains(err.Error(), "whether it was saved is not known") || strings.Contains(err.Error(), nothingSavedRun) {
		t.Errorf("a commit whose answer was lost: %v", err)
	}
	if err := s.EndRun(context.WithoutCancel(ctx), again); err != nil {
		t.Error(err)
	}
	saved(t, s, b)
	if log, err := s.Changes(ctx, ChangeQuery{}); err != nil || len(log) != 2 {
		t.Errorf("%d changes, %v, want 2", len(log), err)
	}
}

// What is not text on PostgreSQL is made text, on both engines alike.
func TestOddText(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		run, err := s.BeginRun(t.Context(), "ft-portal", "crawl", day(1))
		if err != nil {
			t.Fatal(err)
		}
		odd := "caf\xe9 \x00 end"
		if err := s.KeepDocument(t.Context(), run, answer("https://example.eu/", odd), odd); err != nil {
			t.Error(err)
		}
		run.Error = odd
		if err := s.EndRun(t.Context(), run); err != nil {
			t.Error(err)
		}
		rs, err := s.Runs(t.Context(), "ft-portal", 1)
		if err != nil || rs[0].Error != "caf\uFFFD \uFFFD end" {
			t.Errorf("%q, %v", rs[0].Error, err)
		}
		if _, err := s.Record(t.Context(), call.Key{Source: "ft-portal", Ref: odd}); !errors.Is(err, ErrNotFound) {
			t.Errorf("an odd ref: %v", err)
		}
	})
}

// A connection that cannot be set is given back, and the next write finds it.
func TestSettingFails(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		good := s.engine.normal
		s.engine.normal = "SET nonsense"
		for range 3 {
			if err := s.KeepRobots(t.Context(), "https://example.eu", "", day(1)); err == nil {
				t.Error("a setting that cannot be made was made")
			}
		}
		s.engine.normal = good
		if err := s.KeepRobots(t.Context(), "https://example.eu", "", day(1)); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 3 {
			if err := s.KeepRobots(ctx, "https://example.eu", "", day(1)); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
			if err := s.SetCursor(ctx, "c", 1); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		}
		if err := s.SetCursor(t.Context(), "c", 1); err != nil {
			t.Error(err)
		}
	})
}

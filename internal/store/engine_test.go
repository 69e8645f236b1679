package store

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// The tests run on SQLite, and on a PostgreSQL of their own where the machine has the server.

func TestMain(m *testing.M) {
	if do := os.Getenv("UTKIK_STORE_CHILD"); do != "" {
		child(do, os.Getenv("UTKIK_STORE_PATH"))
		return
	}
	code := m.Run()
	pg.stop()
	os.Exit(code)
}

var epoch = time.Date(2026, 6, 27, 4, 30, 0, 0, time.UTC)

// day is the stamp of the nth day of a test.
func day(n int) time.Time { return epoch.AddDate(0, 0, n) }

func openAt(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: "sqlite:" + path, Now: func() time.Time { return epoch }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openSQLite(t testing.TB) *Store { return openAt(t, filepath.Join(t.TempDir(), "utkik.db")) }

// engines runs a test on each engine that the machine has.
func engines(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, openSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, openPostgres(t)) })
}

type postgres struct {
	sync.Mutex
	once sync.Once
	cmd  *exec.Cmd
	dir  string
	err  error
	n    atomic.Int64
}

var pg postgres

// openPostgres gives a store on a database of its own. Only the opening is written here: statements and
// migrations are the program's.
func openPostgres(t testing.TB) *Store {
	t.Helper()
	bin := postgresBin()
	if bin == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no PostgreSQL server under /usr/lib/postgresql/*/bin: install Debian's package postgresql")
		}
		t.Skip("SKIPPED ON POSTGRESQL: no server under /usr/lib/postgresql/*/bin: install Debian's package postgresql")
	}
	pg.once.Do(func() { pg.err = pg.start(bin) })
	if pg.err != nil {
		t.Fatal(pg.err)
	}
	name := fmt.Sprintf("t%d", pg.n.Add(1))
	root, err := sql.Open("pgx", pg.dsn("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	pg.Lock() // one copy of the template at a time
	_, err = root.ExecContext(t.Context(), "CREATE DATABASE "+name)
	pg.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", pg.dsn(name))
	if err != nil {
		t.Fatal(err)
	}
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{path: filepath.Join(t.TempDir(), name), now: func() time.Time { return epoch }, reader: db,
		holds: map[int64]*hold{}, full: true, engine: postgresDialect}
	t.Cleanup(func() { s.Close() })
	if s.writer, err = sql.Open("pgx", pg.dsn(name)); err != nil {
		t.Fatal(err)
	}
	s.writer.SetMaxOpenConns(1)
	if err := migrate(t.Context(), s.engine, s.writer, sub); err != nil {
		t.Fatal(err)
	}
	if err := s.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func postgresBin() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	version := func(p string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(p))))
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

func (p *postgres) dsn(database string) string {
	return fmt.Sprintf("host=%s user=postgres dbname=%s sslmode=disable", p.dir, database)
}

// start makes a cluster in a folder of its own. It listens on a socket in that folder and on no port. The
// server refuses to run as root, who becomes somebody else for it.
func (p *postgres) start(bin string) error {
	dir, err := os.MkdirTemp("", "utkik-pg")
	if err != nil {
		return err
	}
	p.dir = dir
	as, err := unprivileged(dir)
	if err != nil {
		return err
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = as
		return cmd
	}
	data := filepath.Join(dir, "data")
	// A language whose order is not that of bytes would be the harder test, but few machines have one.
	out, err := run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %v\n%s", err, out)
	}
	p.cmd = run("postgres", "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200")
	log, err := p.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(log)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "ready to accept connections") {
			go func() {
				for lines.Scan() {
				}
			}()
			return nil
		}
	}
	return fmt.Errorf("postgres ended: %s", strings.Join(said, "\n"))
}

func (p *postgres) stop() {
	if p.cmd != nil && p.cmd.Process != nil {
		p.cmd.Process.Signal(syscall.SIGQUIT) // at once: nothing of it is kept
		p.cmd.Wait()
	}
	if p.dir != "" {
		os.RemoveAll(p.dir)
	}
}

// Opening prepares every statement; this says on which engines that was done.
func TestStatementsPrepare(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		for q, text := range statements {
			st, err := s.writer.PrepareContext(t.Context(), text)
			if err != nil {
				t.Errorf("statement %d: %s: %v", q, text, err)
				continue
			}
			st.Close()
		}
	})
}

func TestStatementsText(t *testing.T) {
	t.Parallel()
	parameter := regexp.MustCompile(`\$(\d+)`)
	history := regexp.MustCompile(`(?i)(UPDATE|DELETE\s+FROM)\s+(versions|changes)\b`)
	foreign := regexp.MustCompile(`(?i)\b(json_\w+|datetime|strftime|ifnull|replace into|insert or|rowid|glob|pragma|now\(\)|to_char|ilike)\b`)
	seen := map[string]bool{}
	for q, text := range statements {
		if query(q) == reads {
			continue
		}
		if text == "" {
			t.Errorf("statement %d has no text", q)
		}
		next := 1
		for _, m := range parameter.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.Atoi(m[1])
			if n > next {
				t.Errorf("parameter $%d appears before $%d: %s", n, next, text)
			}
			if n == next {
				next++
			}
		}
		if history.MatchString(text) {
			t.Errorf("alters history: %s", text)
		}
		if w := foreign.FindString(text); w != "" {
			t.Errorf("%s is not shared by the engines: %s", w, text)
		}
		if query(q) < reads && !strings.HasPrefix(text, "SELECT") {
			t.Errorf("reading statement %d writes: %s", q, text)
		}
		if seen[text] && query(q) < reads {
			t.Errorf("twice: %s", text)
		}
		seen[text] = true
	}
}

// child is another process of the program.
func child(do, path string) {
	ctx := context.Background()
	s, err := Open(ctx, Options{URL: path, Now: func() time.Time { return epoch }})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	switch do {
	case "hold": // has hold of the source until it is killed
		if _, err := s.BeginRun(ctx, "ft-portal", "crawl", day(0)); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		fmt.Println("holding")
		bufio.NewReader(os.Stdin).ReadString('\n')
	case "commit": // commits batches until it is killed
		for n := 1; ; n++ {
			run, err := s.BeginRun(ctx, "ft-portal", "crawl", day(n))
			if err != nil {
				fmt.Println("error:", err)
				os.Exit(1)
			}
			var saves []Save
			for i := range 40 {
				c := sample("ft-portal", fmt.Sprint(i))
				c.Title = fmt.Sprintf("Title %d of day %d after %d", i, n, os.Getpid())
				saves = append(saves, Save{Call: c, Version: true, Seen: true, Changes: titled(c.Title)})
			}
			if err := s.Commit(ctx, run, Batch{Source: "ft-portal", At: day(n), Saves: saves}); err != nil {
				fmt.Println("error:", err)
				os.Exit(1)
			}
			fmt.Println("committed")
		}
	case "migrate":
		fmt.Println("open")
	}
	s.Close()
}

// spawn starts another process and gives its lines.
func spawn(t *testing.T, do, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "UTKIK_STORE_CHILD="+do, "UTKIK_STORE_PATH="+path)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // stays open
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

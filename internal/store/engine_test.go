package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"utkik/internal/store/storetest"
)

// The tests run on SQLite, and on a PostgreSQL of their own where the machine has the server.

func TestMain(m *testing.M) {
	if do := os.Getenv("UTKIK_STORE_CHILD"); do != "" {
		child(do, os.Getenv("UTKIK_STORE_PATH"))
		return
	}
	code := m.Run()
	pg.Stop()
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

// addresses runs a test on an empty database of each engine that the machine has.
func addresses(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, "sqlite:"+filepath.Join(t.TempDir(), "utkik.db")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, pg.URL(t)) })
}

// onMachines runs do on so many machines at once, each with a store of its own on the same database, and waits for them.
func onMachines(t *testing.T, url string, machines int, do func(s *Store)) {
	t.Helper()
	var wg sync.WaitGroup
	for range machines {
		s, err := open(t, url)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { do(s) })
	}
	wg.Wait()
}

// freed waits until the server has noticed that the holder of a lock is gone. A file's lock is free at once.
func freed(t *testing.T, s *Store, name string) {
	t.Helper()
	if s.locks == nil {
		return
	}
	conn, err := s.locks.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer discard(conn)
	for _, do := range []string{postgresWait, postgresFree} {
		if _, err := conn.ExecContext(t.Context(), do, lockKey(name)); err != nil {
			t.Fatal(err)
		}
	}
}

var pg storetest.Server

// openPostgres gives a store on a database of its own.
func openPostgres(t testing.TB) *Store {
	t.Helper()
	s, err := open(t, pg.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Opening prepares every statement; this says on which engines that was done.
func TestStatementsPrepare(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *Store) {
		for q := range statements {
			text := s.engine.text(query(q))
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

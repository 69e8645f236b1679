// Package storetest starts a PostgreSQL server of its own for the tests of a package. A package has one server, which
// TestMain stops, and every test has a database.
package storetest

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// User and Password are asked of who comes over the network. Who comes by the socket is let in.
const (
	User     = "utkik"
	Password = "by the river"
)

// Server is started by the first test that asks for a database. The zero value is ready.
type Server struct {
	Durable bool // it waits for the disk, as it does in use; tests do without
	// At is a further address of this machine's at which it listens, for whoever comes from the same network of 256; empty:
	// the loopback only.
	At string

	once sync.Once
	mu   sync.Mutex
	cmd  *exec.Cmd
	dir  string
	bin  string
	port int
	err  error
	n    atomic.Int64
}

// URL gives the address of a new, empty database. Where the machine has no server the test skips, and fails in CI.
func (s *Server) URL(t testing.TB) string {
	t.Helper()
	return s.Socket(s.Database(t))
}

// Database makes a new, empty database and gives its name.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	bin := binaries()
	if bin == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no PostgreSQL server under /usr/lib/postgresql/*/bin: install Debian's package postgresql")
		}
		t.Skip("SKIPPED ON POSTGRESQL: no server under /usr/lib/postgresql/*/bin: install Debian's package postgresql")
	}
	s.once.Do(func() { s.err = s.start(bin) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	root, err := sql.Open("pgx", s.Socket("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	s.mu.Lock() // one copy of the template at a time
	defer s.mu.Unlock()
	name := fmt.Sprintf("t%d", s.n.Add(1))
	if _, err := root.ExecContext(t.Context(), "CREATE DATABASE "+name+" OWNER "+User); err != nil {
		t.Fatal(err)
	}
	return name
}

// Socket is the address of a database by the server's socket.
func (s *Server) Socket(database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d", User, database, s.dir, s.port)
}

// Network is the address of a database by the network, at that host and port, with that password. Empty: where the server
// listens on the loopback.
func (s *Server) Network(database, password, at string) string {
	if at == "" {
		at = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
	}
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", User, strings.ReplaceAll(password, " ", "%20"), at, database)
}

// Port is where the server listens, at every address.
func (s *Server) Port() int { return s.port }

// PID is the process of the running server, from which all its others come; 0 while none runs.
func (s *Server) PID() int {
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

func binaries() string {
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

// start makes a cluster in a folder of its own. It listens on a socket in that folder and on a free port of the
// loopback. The server refuses to run as root, who becomes somebody else for it.
func (s *Server) start(bin string) error {
	dir, err := os.MkdirTemp("", "utkik-pg")
	if err != nil {
		return err
	}
	s.dir, s.bin = dir, bin
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.port = free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		return err
	}
	// A language whose order is not that of bytes would be the harder test, but few machines have one.
	initdb, err := s.command("initdb", "-D", "data", "-U", User, "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=password",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte(Password), 0o644); err != nil {
		return err
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %v\n%s", err, out)
	}
	if s.At != "" {
		let, err := os.OpenFile(filepath.Join(dir, "data", "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(let, "host all all %s/24 scram-sha-256\n", s.At)
		if err := errors.Join(err, let.Close()); err != nil {
			return err
		}
	}
	return s.Start()
}

// Start starts the server, again after [Server.Halt].
func (s *Server) Start() error {
	listen := "127.0.0.1"
	if s.At != "" {
		listen += "," + s.At
	}
	cmd, err := s.command("postgres", "-D", "data", "-k", s.dir, "-p", strconv.Itoa(s.port), "-c", "listen_addresses="+listen,
		"-c", "fsync="+strconv.FormatBool(s.Durable), "-c", "max_connections=300")
	if err != nil {
		return err
	}
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
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

func (s *Server) command(name string, args ...string) (*exec.Cmd, error) {
	as, err := unprivileged(s.dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = as
	return cmd, nil
}

// Halt ends the server as a failing machine does: at once. [Server.Start] starts it again.
func (s *Server) Halt() error {
	if s.cmd == nil || s.cmd.Process == nil {
		return errors.New("no server runs")
	}
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	_ = s.cmd.Wait() // tells that it was killed
	s.cmd = nil
	return nil
}

// Stop ends the server, if there is one, and removes what it kept.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.Halt()
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"utkik/config"
	"utkik/crawler/crawltest"
	"utkik/internal/app"
	"utkik/internal/store/storetest"
)

var (
	clusterDays      = flag.Int("clusterdays", 3, "how many real days TestCluster replays, at most 61; something befalls four of six")
	clusterProcesses = flag.Bool("clusterprocesses", false, "whether TestCluster makes no network namespaces, also where it may")
)

// clusterPace is the least time between two requests to a host, on whatever machine they begin.
const clusterPace = 30 * time.Millisecond

// TestCluster lets two workers and two machines with pages watch a replay of real days on one PostgreSQL server. Where it
// may, each is a host with a network of its own; else a process with a line to the server. Meanwhile
//
//   - the server stops and starts while a source is read;
//   - a worker is killed in the midst of another's run, and a machine with pages is cut from the server;
//   - the leader's host loses its power in the midst of its run, and a disk is full;
//   - a worker is cut from everything in the midst of its run, and comes back when another has done it.
//
// In the end every true event is told once, every mail was sent once, both indexes are what the store is, and no host was asked
// faster than its pace.
func TestCluster(t *testing.T) {
	t.Parallel()
	testCluster(t, *clusterDays, *clusterProcesses)
}

func testCluster(t *testing.T, most int, processes bool) {
	if runtime.GOOS == "windows" {
		missing(t, "PostgreSQL is started by the test on Unix only")
	}
	r := startReplay(t)
	days := r.days[:min(most, len(r.days))]
	c := newCluster(t, r, processes)
	begun := time.Now()
	befell := map[string]int{}
	for i, day := range days {
		begun := time.Now()
		c.begin(day)
		what := "nothing befalls it"
		switch i % 6 {
		case 0:
			what = "the server stops and starts"
			c.stopServer()
		case 1:
			what = "a worker is killed in another's run, a machine with pages is cut off"
			c.killHelper()
		case 2:
			what = "the leader's host loses its power in its run, a disk is full"
			c.killLeader()
		case 4:
			if c.nodes["w1"].real() {
				what = "a worker is cut off in its run, and comes back"
				c.cutReader()
				break
			}
			fallthrough
		default:
			c.start(c.all()...)
			c.done(c.all()...)
		}
		c.end()
		befell[what]++
		t.Logf("%s: %s; %s", day, what, time.Since(begun).Round(100*time.Millisecond))
	}
	for _, what := range slices.Sorted(maps.Keys(befell)) {
		t.Logf("%d days: %s", befell[what], what)
	}
	t.Logf("%d days in %s", len(days), time.Since(begun).Round(time.Second))
	c.verify(r, days)
}

// cluster is an installation of several machines.
type cluster struct {
	t      *testing.T
	server storetest.Server
	db     *sql.DB
	net    *network
	portal *front // ft-portal
	parish *front // a source whose items have pages of their own
	sink   *sink
	now    string
	nodes  map[string]*machine
	began  int64  // ms since 1970 by the database, when the day's first process was started
	full   []bool // of each day on which the disk was full, whether the machine missed room on it
}

// machine is one of them.
type machine struct {
	*host
	name, roles string
	file, data  string
	page        string
	cmd         *exec.Cmd
	log         *safeBuffer
	small       bool // its data folder is a small file system
}

func newCluster(t *testing.T, r *replay, processes bool) *cluster {
	t.Helper()
	machines := []*machine{{name: "w1", roles: "crawl,mail"}, {name: "w2", roles: "crawl,mail"}, {name: "n1", roles: "web"}, {name: "n2", roles: "web"}}
	c := &cluster{t: t, nodes: map[string]*machine{}, net: newNetwork(t, len(machines), processes)}
	c.server.At = c.net.at
	database := c.server.Database(t)
	t.Cleanup(c.server.Stop)
	var err error
	if c.db, err = sql.Open("pgx", c.server.Network(database, storetest.Password, "")); err != nil {
		t.Fatal(err)
	}
	c.db.SetMaxIdleConns(-1) // the server stops meanwhile
	t.Cleanup(func() { c.db.Close() })
	if c.sink, err = newSink(c.net.here); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.sink.close)
	base, err := url.Parse(r.base)
	if err != nil {
		t.Fatal(err)
	}
	c.portal = newFront(t, c.net.here, httputil.NewSingleHostReverseProxy(base))
	c.parish = newFront(t, c.net.here, crawltest.Parish(parishItems))
	files := t.TempDir()
	if err := os.MkdirAll(filepath.Join(files, "sources"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(files, "sources", "byalag.yaml"), crawltest.ParishSource(c.parish.URL, time.Hour, 10), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, m := range machines {
		c.nodes[m.name] = m
		m.host = c.net.host(c.server.Port())
		dir := t.TempDir()
		m.data = filepath.Join(dir, "data")
		if m.name == "n2" {
			m.small = mountSmall(t, m.data)
		}
		m.page = "http://" + m.listen
		m.file = filepath.Join(dir, "utkik.yaml")
		text := fmt.Sprintf(clusterConfig, m.data, c.server.Network(database, storetest.Password, m.server), files, c.portal.URL, clusterPace, m.name,
			m.listen, m.page, c.net.here, c.sink.port)
		if err := os.WriteFile(m.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { // after a failure; before their folders are taken away
		for _, name := range c.all() {
			if c.nodes[name].cmd != nil {
				c.kill(name, false)
			}
		}
	})
	c.now = r.days[0] + "T06:00:00Z"
	for id, department := range map[string]string{"anna": "kultur", "bo": "fui", "cecilia": "regional-utveckling"} {
		out, err := c.command("w1", "recipients", "add", id, "--address", id+"@example.org", "--department", department).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return c
}

const clusterConfig = `data: %q
store: {url: %q}
files: {dir: %q}
sources:
  - {id: ft-portal, base: %q, enabled: true, every: 1h} # a day is always due, whatever its hour
crawler: {only: "ft-portal byalag", allow_private: true, delay: %s, user_agent: "utkik-%s"}
web: {listen: %q, node: %q}
mail: {host: %q, port: %d, tls: none, from: "utkik@example.org"}
`

// parishItems is how many items the parish lists: enough that two machines are at them for some seconds.
const parishItems = 120

func (c *cluster) all() []string { return slices.Sorted(maps.Keys(c.nodes)) }

func (c *cluster) command(name string, args ...string) *exec.Cmd {
	words := append(slices.Clone(c.nodes[name].as), programName(), "--config", c.nodes[name].file, "--now", c.now)
	return exec.CommandContext(c.t.Context(), words[0], append(words[1:], args...)...)
}

// begin opens a day, before any process is started.
func (c *cluster) begin(day string) {
	c.t.Helper()
	c.now = day + "T06:00:00Z"
	body := fmt.Sprintf(`{"day": %q, "reset": true}`, day)
	resp, err := http.Post(c.portal.URL+"/__control", "application/json", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	resp.Body.Close()
	c.began = c.number("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")
	// No process runs, so whatever is called running was its killed worker's. As if its two minutes had passed.
	c.passed()
}

// passed lets jobs of the dead look as they will in a few minutes. Before anything was ever queued there is no table.
func (c *cluster) passed() {
	c.t.Helper()
	if c.number("SELECT COUNT(*) FROM pg_tables WHERE tablename = 'river_job'") == 0 {
		return
	}
	for _, statement := range []string{"UPDATE river_job SET attempted_at = attempted_at - INTERVAL '10 minutes' WHERE state = 'running'",
		"UPDATE river_job SET scheduled_at = now() WHERE state IN ('retryable', 'scheduled')"} {
		if _, err := c.db.ExecContext(c.t.Context(), statement); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *cluster) number(query string, args ...any) int64 {
	c.t.Helper()
	var n int64
	if err := c.db.QueryRowContext(c.t.Context(), query, args...).Scan(&n); err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (c *cluster) start(names ...string) {
	c.t.Helper()
	for _, name := range names {
		m := c.nodes[name]
		m.log = &safeBuffer{}
		m.cmd = c.command(name, "serve", "--roles", m.roles)
		m.cmd.Stderr, m.cmd.Stdout = m.log, m.log
		if err := m.cmd.Start(); err != nil {
			c.t.Fatal(err)
		}
	}
	c.until("the processes serve", func() bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !strings.Contains(c.nodes[n].log.String(), "msg=serving") })
	})
}

// kill ends a process. Where its host is a real one that loses its power, nobody is told that its connections are gone.
func (c *cluster) kill(name string, power bool) {
	c.t.Helper()
	m := c.nodes[name]
	if power && m.real() {
		m.isolate()
	}
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
	m.cmd = nil
}

// end mends what was cut, and stops what runs, in order.
func (c *cluster) end() {
	c.t.Helper()
	for _, m := range c.nodes {
		m.mend()
	}
	for _, m := range c.nodes {
		if m.cmd != nil {
			_ = m.cmd.Process.Signal(os.Interrupt)
		}
	}
	for _, m := range c.nodes {
		if m.cmd == nil {
			continue
		}
		late := time.AfterFunc(patience, func() { _ = m.cmd.Process.Kill() })
		err := m.cmd.Wait()
		late.Stop()
		if err != nil {
			c.t.Errorf("%s did not end in order: %v\n%s", m.name, err, m.log)
		}
		m.cmd = nil
	}
}

// until asks again until it is so: what goes on in other processes has no other sign.
func (c *cluster) until(what string, so func() bool) {
	c.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(2 * patience); !so(); {
		select {
		case <-tick.C:
		case <-end:
			var logs strings.Builder
			for _, name := range c.all() {
				if m := c.nodes[name]; m.log != nil {
					text := m.log.String()
					fmt.Fprintf(&logs, "--- %s\n%s", name, text[max(0, len(text)-3000):])
				}
			}
			c.t.Fatalf("%s: not so yet\n%s\n%s", what, c.jobs(), &logs)
		}
	}
}

// jobs lists those that are not over.
func (c *cluster) jobs() string {
	rows, err := c.db.QueryContext(context.Background(), "SELECT kind, args::text, state::text, attempt, COALESCE(attempted_by[array_length(attempted_by, 1)], '') FROM river_job WHERE state NOT IN ('completed') ORDER BY id")
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var kind, args, state, by string
		var attempt int
		if err := rows.Scan(&kind, &args, &state, &attempt, &by); err != nil {
			return err.Error()
		}
		fmt.Fprintln(&b, kind, args, state, attempt, by)
	}
	return b.String()
}

const openJobs = "SELECT COUNT(*) FROM river_job WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled')"

// ready waits until the day's clock has struck, and what it began but the crawls is over: mails that are being sent when a
// machine dies may go twice, as no mail server can prevent.
func (c *cluster) ready() {
	c.t.Helper()
	c.until("the clock has struck and mails are out", func() bool {
		struck := c.number("SELECT COUNT(*) FROM river_job WHERE kind = 'clock' AND state = 'completed' AND finalized_at > to_timestamp($1::float8 / 1000)", c.began)
		return struck > 0 && c.number(openJobs+" AND kind IN ('clock', 'digest', 'write', 'send')") == 0
	})
}

// read waits until a source has been read to its end on this day.
func (c *cluster) read(source string) {
	c.t.Helper()
	c.until(source+" is read", func() bool { return c.wasRead(source) })
}

func (c *cluster) wasRead(source string) bool {
	at, err := time.Parse(time.RFC3339, c.now)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.number("SELECT COUNT(*) FROM runs WHERE source = $1 AND complete = 1 AND started = $2", source, at.UnixMilli()) > 0
}

// done waits until the day's work is done and these machines show it.
func (c *cluster) done(names ...string) {
	c.t.Helper()
	c.read("ft-portal")
	c.read("byalag")
	c.ready()
	// A batch that a dead machine had is done by the run's own; its job is found out when somebody comes to lead.
	c.until("the jobs are done", func() bool {
		return c.number(openJobs+" AND kind <> 'tell' AND NOT (kind = 'batch' AND state = 'running')") == 0
	})
	c.until("the machines with pages have followed", func() bool {
		for _, name := range names {
			if c.nodes[name].roles == "web" && !c.follows(name) {
				return false
			}
		}
		return true
	})
}

// follows tells whether a machine shows all that the store has.
func (c *cluster) follows(name string) bool {
	return c.number("SELECT COUNT(*) FROM nodes WHERE name LIKE $1 AND cursor = (SELECT COALESCE(MAX(touched), 0) FROM calls)", "% "+c.nodes[name].listen) > 0
}

// killHelper kills a worker while it asks for a batch of the other's run; and a machine with pages is cut from the server.
func (c *cluster) killHelper() {
	c.t.Helper()
	owner := ""
	var mu sync.Mutex
	h := c.parish.hold(func(agent, path string) bool {
		mu.Lock()
		defer mu.Unlock()
		if path == "/list" {
			owner = agent
		}
		return owner != "" && agent != owner && strings.HasPrefix(path, "/item/") && c.wasRead("ft-portal")
	})
	c.start(c.all()...)
	n2 := c.nodes["n2"]
	n2.cut()
	told := func() int64 {
		return c.number("SELECT COALESCE(MAX(seen), 0) FROM nodes WHERE name LIKE $1", "% "+n2.listen)
	}
	last := told()
	c.ready()
	victim := h.wait(c)
	c.kill(victim, false)
	h.release()
	c.done("n1")
	if code, _, err := ask(c.nodes["n1"].page + "/?q=energy"); err != nil || code != http.StatusOK {
		c.t.Errorf("n1 answers with %d, %v, while n2 is cut off", code, err)
	}
	for path, want := range map[string]int{"/healthz": 2, "/readyz": 5, "/?q=energy": 5} {
		begun := time.Now()
		if code, body, err := ask(n2.page + path); err != nil || code/100 != want {
			c.t.Errorf("%s of a machine that is cut off answers with %d, %v after %s, want %dxx\n%s", path, code, err, time.Since(begun), want, body)
		}
	}
	if late := told() - last; late > 4000 { // it tells every five seconds; what was on its way may have come
		c.t.Errorf("n2 told where it stands %d ms after it was cut from the server: the test cuts nothing", late)
	}
	n2.mend()
	c.done("n1", "n2")
}

// killLeader takes the power from the worker who leads while it reads a source; and a machine with pages has no room on its disk.
func (c *cluster) killLeader() {
	c.t.Helper()
	h := c.portal.hold(func(_, path string) bool { return strings.HasPrefix(path, "/search-api/") })
	c.start("n1", "n2", "w1")
	if who := h.wait(c); who != "w1" {
		c.t.Fatalf("%s reads, and is not started", who)
	}
	room := c.nodes["n2"].fill(c.t)
	c.ready()
	leader := func() (id string) {
		_ = c.db.QueryRowContext(c.t.Context(), "SELECT leader_id FROM river_leader").Scan(&id)
		return id
	}
	was := leader()
	if was == "" {
		c.t.Error("nobody leads: the test kills no leader")
	}
	c.start("w2")
	c.kill("w1", true)
	c.passed()
	h.release()
	c.despite()
	c.done("n1")
	if is := leader(); is == was || is == "" {
		c.t.Errorf("%q leads after %q was killed", is, was)
	}
	// The index frees room by itself when it merges what is old, and gets through with that on a day that brings little.
	if n := c.nodes["n2"]; n.small {
		c.full = append(c.full, !c.follows("n2") || strings.Contains(n.log.String(), "no space left"))
	}
	room()
	c.done("n1", "n2")
}

// cutReader takes every plug from a worker's host while it reads a source. The other reads it instead; then the first comes back,
// has its answer, and finds that its run is over.
func (c *cluster) cutReader() {
	c.t.Helper()
	h := c.portal.hold(func(_, path string) bool { return strings.HasPrefix(path, "/search-api/") })
	c.start(c.all()...)
	lost := c.nodes[h.wait(c)]
	c.ready()
	lost.isolate()
	h.release() // into the void; TCP sends it again
	c.passed()
	c.despite()
	lost.mend()
	c.done(c.all()...)
}

// stopServer stops the database's server as a failing machine does, while a source is read, and starts it again.
func (c *cluster) stopServer() {
	c.t.Helper()
	h := c.portal.hold(func(_, path string) bool { return strings.HasPrefix(path, "/search-api/") })
	c.start(c.all()...)
	h.wait(c)
	c.ready()
	if err := c.server.Halt(); err != nil {
		c.t.Fatal(err)
	}
	h.release()
	for _, name := range []string{"n1", "n2"} {
		if code, _, err := ask(c.nodes[name].page + "/healthz"); err != nil || code != http.StatusOK {
			c.t.Errorf("%s is not alive without a server: %d, %v", name, code, err)
		}
	}
	if err := c.server.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.despite()
	c.done(c.all()...)
}

// despite waits until both sources are read, whatever failed. A source that failed is asked again after twenty minutes: as if
// they had passed. A job that a worker could not note as failed is found out after two.
func (c *cluster) despite() {
	c.t.Helper()
	tries := 0
	c.until("what failed is done", func() bool {
		if tries++; tries%50 == 0 {
			c.passed()
		} else if tries%10 == 0 {
			if _, err := c.db.ExecContext(c.t.Context(), "UPDATE river_job SET scheduled_at = now() WHERE state = 'retryable'"); err != nil {
				c.t.Fatal(err)
			}
		}
		return c.wasRead("ft-portal") && c.wasRead("byalag")
	})
}

// verify looks at what came of it all.
func (c *cluster) verify(r *replay, days []string) {
	t := c.t
	t.Helper()
	log, err := c.command("w1", "changes", "--source", "ft-portal", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for line := range bytes.Lines(log) {
		var e struct{ At, Ref, Event, Field, Old, New string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		told[fmt.Sprint(e.At[:10], e.Ref, e.Event, e.Field, e.Old, e.New)]++
	}
	for what, n := range told {
		if n > 1 {
			t.Errorf("told %d times: %s", n, what)
		}
	}
	check := exec.CommandContext(t.Context(), "python3", filepath.Join(shared(t, "portals", "ft"), "check.py"), filepath.Join(shared(t, "portals", "ft"), "timeline"),
		"--skip-days", strings.Join(r.days[len(days):], ","))
	check.Stdin = bytes.NewReader(log)
	verdict, err := check.CombinedOutput()
	t.Logf("check.py:\n%s", verdict)
	t.Logf("%d lines of the change log, %d mails, %d digests; %d runs, %d of them to their end", len(told), c.number("SELECT COUNT(*) FROM outbox"),
		c.number("SELECT COUNT(*) FROM digests"), c.number("SELECT COUNT(*) FROM runs"), c.number("SELECT COUNT(*) FROM runs WHERE complete = 1"))
	if err != nil {
		t.Error(err)
	}

	for _, source := range []string{"ft-portal", "byalag"} {
		if n := c.number("SELECT COUNT(*) FROM runs WHERE source = $1 AND complete = 1", source); n != int64(len(days)) {
			t.Errorf("%s was read to its end %d times in %d days", source, n, len(days))
		}
	}
	if n := c.number("SELECT COUNT(*) FROM calls WHERE source = 'byalag' AND deadline > 0 AND version = 1"); n != parishItems {
		t.Errorf("%d items of the parish have a deadline and one version, want %d", n, parishItems)
	}

	if len(c.full) > 0 && !slices.Contains(c.full, true) {
		t.Error("n2 never missed room on its disk: the test fills nothing")
	}

	want := c.number("SELECT COUNT(*) FROM outbox")
	if sent := c.number("SELECT COUNT(*) FROM outbox WHERE state = 'sent'"); sent != want || want < 3 {
		t.Errorf("%d of %d mails are sent", sent, want)
	}
	came := map[string]int{}
	for _, m := range c.sink.came() {
		came[m.id]++
	}
	for id, n := range came {
		if n > 1 {
			t.Errorf("mail %s came %d times", id, n)
		}
	}
	if int64(len(came)) != want {
		t.Errorf("%d mails came, %d were written", len(came), want)
	}
	if n := c.number("SELECT COUNT(*) FROM (SELECT department, date, language FROM digests GROUP BY department, date, language HAVING COUNT(*) > 1) twice"); n > 0 {
		t.Errorf("%d digests were written twice, otherwise", n)
	}

	for _, name := range []string{"n1", "n2"} {
		cfg, err := config.Load(config.Options{File: c.nodes[name].file, Flags: config.Flags{Now: c.now}})
		if err != nil {
			t.Fatal(err)
		}
		c.reconcile(name, cfg)
	}

	for host, f := range map[string]*front{"the portal": c.portal, "the parish": c.parish} {
		f.paced(t, host)
	}
}

// reconcile lays a machine's index beside the store.
func (c *cluster) reconcile(name string, cfg *config.Config) {
	c.t.Helper()
	a, err := app.Open(c.t.Context(), cfg, app.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		c.t.Fatal(err)
	}
	defer a.Close()
	x, err := a.Index(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	at, err := x.Cursor()
	if err != nil {
		c.t.Fatal(err)
	}
	if last, err := a.Store.Last(c.t.Context()); err != nil || at != last {
		c.t.Errorf("%s has followed to %d, the store stands at %d (%v)", name, at, last, err)
	}
	if found, err := a.Reconcile(c.t.Context()); err != nil || found != "" {
		c.t.Errorf("%s and the store: %s, %v", name, found, err)
	}
	calls, err := a.Store.Heads(c.t.Context(), "")
	if err != nil {
		c.t.Fatal(err)
	}
	if n, err := x.Count(); err != nil || n != len(calls) {
		c.t.Errorf("%s holds %d calls and the store %d, %v", name, n, len(calls), err)
	}
}

// front stands before a portal: it knows who asked for what and when, and can hold a request.
type front struct {
	*httptest.Server
	mu    sync.Mutex
	asked []time.Time
	held  *stopped
}

type stopped struct {
	front   *front
	want    func(agent, path string) bool
	reached chan string // the machine whose request it is
	free    chan struct{}
	once    sync.Once
}

// newFront stands at an address of this machine.
func newFront(t *testing.T, at string, portal http.Handler) *front {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(at, "0"))
	if err != nil {
		t.Fatal(err)
	}
	f := &front{}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent, ours := strings.CutPrefix(strings.Fields(r.UserAgent() + " ?")[0], "utkik-")
		f.mu.Lock()
		if ours {
			f.asked = append(f.asked, time.Now())
		}
		h := f.held
		f.mu.Unlock()
		if ours && h != nil && h.want(agent, r.URL.Path) {
			h.once.Do(func() {
				h.reached <- agent
				select {
				case <-h.free:
				case <-r.Context().Done():
				}
			})
		}
		portal.ServeHTTP(w, r)
	}))
	f.Listener.Close()
	f.Listener = l
	f.Start()
	t.Cleanup(f.Close)
	return f
}

// hold holds the next request that is wanted, and whoever makes it, until it is released.
func (f *front) hold(want func(agent, path string) bool) *stopped {
	h := &stopped{front: f, want: want, reached: make(chan string, 1), free: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held = h
	return h
}

func (h *stopped) wait(c *cluster) (agent string) {
	c.t.Helper()
	c.until("the request that is to be held has come", func() bool {
		select {
		case agent = <-h.reached:
			return true
		default:
			return false
		}
	})
	return agent
}

// release lets the request go, and holds no other.
func (h *stopped) release() {
	h.front.mu.Lock()
	h.front.held = nil
	h.front.mu.Unlock()
	close(h.free)
}

// paced looks whether requests came at their pace. One may be held up on its way, and so come nearer to the next; all of them
// together may not, nor many.
func (f *front) paced(t *testing.T, host string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	slices.SortFunc(f.asked, time.Time.Compare)
	const window = 25
	near, fast := 0, 0
	for i := range f.asked {
		if i > 0 && f.asked[i].Sub(f.asked[i-1]) < clusterPace/2 {
			near++
		}
		if i >= window && f.asked[i].Sub(f.asked[i-window]) < window*clusterPace/2 {
			fast++
		}
	}
	t.Logf("%s was asked %d times, %d of them sooner than half its pace", host, len(f.asked), near)
	if near > len(f.asked)/3 || fast > 0 || len(f.asked) < window {
		t.Errorf("%s was asked %d times: %d came too near to the one before, %d times %d came in half their time", host, len(f.asked), near, fast, window)
	}
}

// fill takes the room on the disk on which a machine has its index, and gives it back. Without a small file system of its own
// the folder is closed to it, which a superuser would not notice.
func (m *machine) fill(t *testing.T) (room func()) {
	t.Helper()
	if !m.small {
		dir := filepath.Join(m.data, "index")
		if os.Geteuid() == 0 {
			t.Log("no disk is filled: a small file system cannot be mounted here")
			return func() {}
		}
		var shut []string
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				shut = append(shut, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range slices.Backward(shut) {
			if err := os.Chmod(p, 0o500); err != nil {
				t.Fatal(err)
			}
		}
		return func() {
			for _, p := range shut {
				if err := os.Chmod(p, 0o750); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	f, err := os.Create(filepath.Join(m.data, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	top := func() {
		for _, size := range []int{1 << 20, 4 << 10, 1} {
			var err error
			for b := make([]byte, size); err == nil; {
				_, err = f.Write(b)
			}
		}
	}
	top()
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() { // what the machine frees is taken as well
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				top()
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
		f.Close()
		if err := os.Remove(f.Name()); err != nil {
			t.Fatal(err)
		}
	}
}

// ask asks a page, for a while.
func ask(address string) (code int, body string, err error) {
	client := &http.Client{Timeout: patience / 2, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(address)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// safeBuffer is what a process says, read while it goes on.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *safeBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

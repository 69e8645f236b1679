package main

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"utkik/crawler/kind"
	"utkik/internal/demo"
	"utkik/internal/store"
)

var update = flag.Bool("update", false, "write the files that scripts compare anew")

// patience bounds every wait for another process: long enough for a slow machine, short of the test's own limit.
const patience = time.Minute

func TestMain(m *testing.M) { os.Exit(withProgram(m.Run)) }

// withProgram builds the program as users build it and puts it on the path while the tests run. The race detector
// would slow whole runs tenfold; it watches the rooms' own tests, and the faults of the replay, which run in process.
func withProgram(tests func() int) int {
	dir, err := os.MkdirTemp("", "utkik-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, programName()), ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return tests()
}

func programName() string {
	if runtime.GOOS == "windows" {
		return "utkik.exe"
	}
	return "utkik"
}

// TestScript runs the program's specification: testdata/*.txtar. Each script has a work folder, sample portals
// at $PORTAL and a utkik.yaml that watches them, unless it brings one of its own. Beside testscript's commands:
//
//	day 0|1                     the portals' day; $NOW becomes its clock
//	exits CODE utkik ARGS...    runs the program and holds it to an exit code
//	json FILE PATH WANT...      values in the one JSON value of FILE (or stdout), see [selectJSON]
//	jsonl FILE PATH WANT...     the same of lines of JSON, which are taken as one list
//	  -among                    the wanted values are among those there; with ! none of them is
//	  -unique                   each value counts once; in order
//	  -keys                     every object there has these keys, and may have more
//	fault KIND [PATH]           the portals answer html, cut, large, a status such as 500, or block; off mends them
//	post URL FORM               sends a form, without Origin and cookies
//	visit URL [FORM]            asks as a browser that keeps cookies: status, address to go on to or type, body
//	link FILE PATTERN           what the pattern's group finds becomes $LINK
//	blocked                     waits until a blocked request has come
//	requests [N]                holds the number of requests since it was last asked to N
//	kept documents|versions     prints what the store of utkik-data keeps
//	sql FILE STATEMENT          alters a database behind the program's back
//	spoil GLOB                  cuts files in half
//	start utkik ARGS...         starts a server; $PAGE becomes its address, $LISTEN host and port
//	get URL                     prints status, type and body of a page
//	eventually REGEXP COMMAND   runs a command again until its output matches
//	halt                        interrupts the server; it must end well (testscript's own stop ends the script)
//	smtp [CODE TEXT [ADDRESS]]  starts a mail server at port $SMTP; with a code it answers the next RCPT so, or the next of an address
//	mails N [FILE]              N mails have come since it was last asked; the last goes to FILE
//
// With -update the files that cmp compares are written anew.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		Setup:               setup,
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"day":      onStage((*stage).day),
			"exits":    exits,
			"json":     func(ts *testscript.TestScript, neg bool, args []string) { compareJSON(ts, neg, args, false) },
			"jsonl":    func(ts *testscript.TestScript, neg bool, args []string) { compareJSON(ts, neg, args, true) },
			"fault":    onStage((*stage).breakPortal),
			"blocked":  onStage((*stage).waitBlocked),
			"requests": onStage((*stage).countRequests),
			"kept":     onStage((*stage).kept),
			"sql":      onStage((*stage).sql),
			"spoil":    onStage((*stage).spoil),
			"start":    onStage((*stage).start),
			"get":      onStage((*stage).get),
			"post":     onStage((*stage).post),
			"visit":    onStage((*stage).visit),
			"link":     findLink,
			"halt":     onStage((*stage).halt),
			"smtp":     onStage((*stage).smtp),
			"mails":    onStage((*stage).mails),

			"eventually": eventually,
		},
	})
}

// stage is what one script plays on.
type stage struct {
	env      *testscript.Env
	portal   *demo.Portal
	requests atomic.Int64
	server   *server
	sink     *sink
	cookies  *cookiejar.Jar // of the script's browser

	mu    sync.Mutex
	fault fault
}

// fault is how the portals misbehave, and where.
type fault struct {
	kind    string
	path    string        // addresses that begin with it; empty: all but robots.txt
	arrived chan struct{} // closed by the first request that is blocked
	release chan struct{} // closed when the fault is over
	once    *sync.Once
}

const siteConfig = `log_level: warn
sources:
  - {id: ft-portal, base: "$PORTAL", enabled: true, min_items: 20}
  - {id: have-your-say, base: "$PORTAL", enabled: true, min_items: 5}
crawler: {only: "ft-portal, have-your-say", allow_private: true, delay: 0s, retries: 0}
`

// stageKey is under which a script finds its stage.
type stageKey struct{}

func setup(env *testscript.Env) error {
	s := &stage{env: env, portal: demo.New()}
	site := httptest.NewServer(s)
	env.Defer(site.Close)
	env.Defer(func() { s.setFault(fault{}) }) // a blocked request would keep the site from closing
	env.Values[stageKey{}] = s
	env.Setenv("PORTAL", site.URL)
	env.Setenv("NOW", s.portal.Days()[0].Format(time.RFC3339))
	file := filepath.Join(env.WorkDir, "utkik.yaml")
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		text, err = []byte(siteConfig), nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(file, bytes.ReplaceAll(text, []byte("$PORTAL"), []byte(site.URL)), 0o644)
}

// onStage makes a command of a script out of a method that needs no "!".
func onStage(do func(*stage, *testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command knows no !")
		}
		do(ts.Value(stageKey{}).(*stage), ts, args)
	}
}

// --- The portals.

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	s.mu.Lock()
	f := s.fault
	s.mu.Unlock()
	if f.kind == "" || !strings.HasPrefix(r.URL.Path, f.path) || f.path == "" && r.URL.Path == "/robots.txt" {
		s.portal.ServeHTTP(w, r)
		return
	}
	status, err := strconv.Atoi(f.kind)
	switch {
	case err == nil:
		http.Error(w, "out of order", status)
	case f.kind == "html":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>Maintenance</title><p>Back at noon.")
	case f.kind == "cut":
		answer := httptest.NewRecorder()
		r.Header.Del("If-None-Match") // there would be nothing to cut
		s.portal.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body[:len(body)/2]) // the server closes the connection, since more was promised
	case f.kind == "large":
		w.Header().Set("Content-Type", "application/json")
		block := bytes.Repeat([]byte(" "), 1<<20)
		for range 1 << 10 { // more than any limit; the reader hangs up long before
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	case f.kind == "block":
		f.once.Do(func() { close(f.arrived) })
		select {
		case <-f.release:
		case <-r.Context().Done():
		}
		s.portal.ServeHTTP(w, r)
	}
}

func (s *stage) setFault(f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault.release != nil {
		close(s.fault.release)
	}
	s.fault = f
}

func (s *stage) breakPortal(ts *testscript.TestScript, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: fault html|cut|large|block|STATUS|off [path]")
	}
	if args[0] == "off" {
		s.setFault(fault{})
		return
	}
	if _, err := strconv.Atoi(args[0]); err != nil && !slices.Contains([]string{"html", "cut", "large", "block"}, args[0]) {
		ts.Fatalf("no fault %q", args[0])
	}
	f := fault{kind: args[0], arrived: make(chan struct{}), release: make(chan struct{}), once: new(sync.Once)}
	if len(args) == 2 {
		f.path = args[1]
	}
	s.setFault(f)
}

func (s *stage) waitBlocked(ts *testscript.TestScript, _ []string) {
	s.mu.Lock()
	arrived := s.fault.arrived
	s.mu.Unlock()
	select {
	case <-arrived:
	case <-time.After(patience):
		ts.Fatalf("no request came within %s", patience)
	}
}

func (s *stage) countRequests(ts *testscript.TestScript, args []string) {
	n := s.requests.Swap(0)
	if len(args) == 1 && args[0] != strconv.FormatInt(n, 10) {
		ts.Fatalf("the portals were asked %d times, want %s", n, args[0])
	}
}

func (s *stage) day(ts *testscript.TestScript, args []string) {
	days := s.portal.Days()
	n, err := strconv.Atoi(strings.Join(args, " "))
	if err != nil || n < 0 || n >= len(days) {
		ts.Fatalf("usage: day 0..%d", len(days)-1)
	}
	s.portal.SetDay(n)
	ts.Setenv("NOW", days[n].Format(time.RFC3339))
}

// --- The program.

// exits holds the program to an exit code: a shell's "must fail" says too little where codes are a contract.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// eventually waits for what a server does in the background, which a script has no other sign of.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually regexp command [args...]")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for end := time.After(patience); ; {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if got := ts.ReadFile("stdout"); want.MatchString(got) {
			return
		}
		select {
		case <-again.C:
		case <-end:
			ts.Fatalf("no %q within %s", args[0], patience)
		}
	}
}

// server is a running utkik that serves pages.
type server struct {
	cmd  *exec.Cmd
	errs bytes.Buffer
	out  chan string // what it said after its address, once it has ended
}

var pageAddress = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

func (s *stage) start(ts *testscript.TestScript, args []string) {
	if s.server != nil {
		ts.Fatalf("a server is running already")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience) // its whole life, with all that a script does meanwhile
	v := &server{cmd: exec.CommandContext(ctx, args[0], args[1:]...), out: make(chan string, 1)}
	v.cmd.Dir, v.cmd.Env, v.cmd.Stderr = ts.MkAbs("."), slices.Clone(s.env.Vars), &v.errs
	for _, name := range []string{"UTKIK_WEB_BASE_URL", "UTKIK_MAIL_PORT"} { // what a script has set since
		if value := ts.Getenv(name); value != "" {
			v.cmd.Env = append(v.cmd.Env, name+"="+value)
		}
	}
	out, err := v.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(v.cmd.Start())
	ts.Defer(func() {
		cancel()
		if s.server != nil {
			<-v.out
			_ = v.cmd.Wait() // was killed
		}
	})
	s.server = v
	var said strings.Builder
	for buf := make([]byte, 4096); ; {
		n, err := out.Read(buf)
		said.Write(buf[:n])
		if address := pageAddress.FindString(said.String()); address != "" && strings.HasSuffix(said.String(), "\n") {
			ts.Setenv("PAGE", address)
			ts.Setenv("LISTEN", strings.TrimPrefix(address, "http://"))
			break
		}
		if err != nil {
			v.out <- ""
			ts.Fatalf("no address of a page in %q (%v): %s", said.String(), err, &v.errs)
		}
	}
	fmt.Fprint(ts.Stdout(), said.String())
	go func() {
		rest, _ := io.ReadAll(out) // ends with the process
		v.out <- string(rest)
	}()
}

func (s *stage) halt(ts *testscript.TestScript, _ []string) {
	v := s.server
	if v == nil {
		ts.Fatalf("no server is running")
	}
	s.server = nil
	ts.Check(v.cmd.Process.Signal(os.Interrupt))
	rest := <-v.out
	err := v.cmd.Wait()
	fmt.Fprint(ts.Stdout(), rest)
	fmt.Fprint(ts.Stderr(), &v.errs)
	if err != nil {
		ts.Fatalf("the server ended badly: %v: %s", err, &v.errs)
	}
}

func (s *stage) get(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: get url")
	}
	client := http.Client{Timeout: patience}
	resp, err := client.Get(args[0])
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d %s\n%s", resp.StatusCode, resp.Header.Get("Content-Type"), body)
}

// post sends a form as a program does that has no page: without Origin, cookies and redirects.
func (s *stage) post(ts *testscript.TestScript, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: post url form")
	}
	client := http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Post(args[0], "application/x-www-form-urlencoded", strings.NewReader(args[1]))
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d %s\n%s", resp.StatusCode, resp.Header.Get("Location"), body)
}

// visit asks as a browser of the script's own does, which keeps cookies; with a form it sends it from the page.
func (s *stage) visit(ts *testscript.TestScript, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: visit url [form]")
	}
	method, form := http.MethodGet, io.Reader(http.NoBody)
	if len(args) == 2 {
		method, form = http.MethodPost, strings.NewReader(args[1])
	}
	r, err := http.NewRequestWithContext(context.Background(), method, args[0], form)
	ts.Check(err)
	if len(args) == 2 {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if s.cookies == nil {
		s.cookies, err = cookiejar.New(nil)
		ts.Check(err)
	}
	client := http.Client{Timeout: patience, Jar: s.cookies, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d %s\n%s", resp.StatusCode, cmp.Or(resp.Header.Get("Location"), resp.Header.Get("Content-Type")), body)
}

// findLink finds what a pattern's group says in a file, as a mail program shows it, and puts it into $LINK.
func findLink(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: link file pattern")
	}
	text := strings.NewReplacer("=\r\n", "", "=\n", "", "=3D", "=").Replace(ts.ReadFile(args[0])) // quoted-printable, as far as addresses need it
	m := regexp.MustCompile(args[1]).FindStringSubmatch(text)
	if len(m) != 2 {
		ts.Fatalf("%s has no %s", args[0], args[1])
	}
	ts.Setenv("LINK", m[1])
}

// --- What is stored.

func (s *stage) kept(ts *testscript.TestScript, args []string) {
	st, err := store.Open(context.Background(), store.Options{URL: filepath.Join(ts.MkAbs("utkik-data"), "utkik.db"), Now: time.Now})
	ts.Check(err)
	defer st.Close()
	switch strings.Join(args, " ") {
	case "documents": // of each source's latest run: source, status, address, whether a body is there, problem
		ctx := context.Background()
		seen := map[string]bool{}
		runs, err := st.Runs(ctx, "", 0)
		ts.Check(err)
		for _, r := range runs {
			if seen[r.Source] {
				continue
			}
			seen[r.Source] = true
			ts.Check(st.Documents(ctx, r.ID, func(d kind.Document, problem string) error {
				_, err := fmt.Fprintf(ts.Stdout(), "%s %d %s %d bytes: %s\n", r.Source, d.Status, d.URL, len(d.Body), problem)
				return err
			}))
		}
	case "versions": // of each call: its key and how many there are
		ctx := context.Background()
		ts.Check(st.EachRecord(ctx, func(r store.Record) error {
			versions, err := st.Versions(ctx, r.Call.Key())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(ts.Stdout(), "%s %d\n", r.Call.Key(), len(versions))
			return err
		}))
	default:
		ts.Fatalf("usage: kept documents|versions")
	}
}

func (s *stage) sql(ts *testscript.TestScript, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sql file statement")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0])) // the store's driver
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

func (s *stage) spoil(ts *testscript.TestScript, args []string) {
	files, err := filepath.Glob(ts.MkAbs(strings.Join(args, " ")))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("no file is called so")
	}
	for _, name := range files {
		info, err := os.Stat(name)
		ts.Check(err)
		ts.Check(os.Truncate(name, info.Size()/2))
	}
}

// --- JSON.

func compareJSON(ts *testscript.TestScript, neg bool, args []string, lines bool) {
	among, unique, keys := false, false, false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-among":
			among = true
		case "-unique":
			unique = true
		case "-keys":
			keys = true
		default:
			ts.Fatalf("no option %q", args[0])
		}
		args = args[1:]
	}
	if len(args) < 2 {
		ts.Fatalf("usage: json [-among|-keys] [-unique] file path [want...]")
	}
	values, err := decodeAll(ts.ReadFile(args[0]))
	ts.Check(err)
	var root any = values
	if !lines {
		if len(values) != 1 {
			ts.Fatalf("%s holds %d JSON values, want one", args[0], len(values))
		}
		root = values[0]
	}
	want := args[2:]
	if keys {
		found := selectJSON(root, strings.TrimPrefix(args[1]+".@keys", ".."))
		if len(found) == 0 || len(want) == 0 {
			ts.Fatalf("%s: no object is there, or no key is wanted", args[1])
		}
		for _, at := range found {
			for _, key := range want {
				if !slices.Contains(strings.Fields(at), key) {
					ts.Fatalf("%s: %s is not among the keys %s", args[1], key, at)
				}
			}
		}
		return
	}
	got := selectJSON(root, args[1])
	if unique {
		slices.Sort(got)
		got = slices.Compact(got)
	}
	ok := slices.EqualFunc(got, want, agrees)
	if among {
		ok = true
		for _, w := range want {
			ok = ok && slices.ContainsFunc(got, func(g string) bool { return agrees(g, w) }) != neg
		}
		neg = false
	}
	if ok == neg {
		ts.Fatalf("%s: got\n\t%s\nwant\n\t%s", args[1], strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func decodeAll(text string) ([]any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	out := []any{}
	for {
		var v any
		switch err := dec.Decode(&v); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
		out = append(out, v)
	}
}

// selectJSON gives the values at a path, as words. A lone dot is the whole (for -keys only). Its steps stand apart by dots: a key; * for every entry of a
// list; KEY=VALUE for the entries of a list that say so; @keys, @len and @type of what is reached.
func selectJSON(root any, path string) []string {
	at := []any{root}
	for _, step := range strings.Split(path, ".") {
		var next []any
		for _, v := range at {
			key, value, filter := strings.Cut(step, "=")
			list, _ := v.([]any)
			object, _ := v.(map[string]any)
			switch {
			case step == "@keys":
				next = append(next, strings.Join(slices.Sorted(maps.Keys(object)), " "))
			case step == "@len":
				next = append(next, len(list)+len(object))
			case step == "@type":
				next = append(next, typeName(v))
			case step == "*":
				next = append(next, list...)
			case filter:
				for _, entry := range list {
					if o, is := entry.(map[string]any); is && word(o[key]) == value {
						next = append(next, entry)
					}
				}
			default:
				found, is := object[step]
				if !is {
					found = "absent"
				}
				next = append(next, found)
			}
		}
		at = next
	}
	var out []string
	for _, v := range at {
		out = append(out, word(v))
	}
	return out
}

func word(v any) string {
	if s, is := v.(string); is {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error() // unreachable: it was read from JSON
	}
	return string(b)
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case string:
		return "string"
	case json.Number:
		return "number"
	case []any:
		return "list"
	}
	return "object"
}

// agrees tells whether a value is as wanted: the same, or matched by a regular expression after ~.
func agrees(got, want string) bool {
	if pattern, is := strings.CutPrefix(want, "~"); is {
		return regexp.MustCompile(pattern).MatchString(got)
	}
	return got == want
}

package crawler

// One test for each thing that colly 2.3.0 leaves to its user, numbered as they were found. Not here: 18, since
// its queue is not used.

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"utkik/crawler/kind"
)

func (p *portal) robots(body string) { p.page("/robots.txt", body) }

func TestGap01RobotsAreObeyed(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.robots("User-agent: *\nDisallow: /list\n")
	p.page("/list", "item a")
	rep := crawl(t, quick(), p.source(), lines{}, newShelf())
	wantErr(t, rep, "source village: GET "+p.URL+"/list: disallowed by "+p.URL+"/robots.txt")
	if p.seen("GET /list") != 0 {
		t.Error("a disallowed page was asked for")
	}
}

func TestGap02RobotsOnRedirect(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.robots("User-agent: utkik\nDisallow: /private\n\nUser-agent: *\nDisallow: /\n")
	p.mux.Handle("/list", http.RedirectHandler("/private/list", http.StatusFound))
	p.page("/private/list", "item a")
	rep := crawl(t, quick(), p.source(), lines{}, newShelf())
	wantErr(t, rep, "redirected to "+p.URL+"/private/list: disallowed")
	if p.seen("GET /private/list") != 0 {
		t.Error("a disallowed page was asked for")
	}
}

func TestGap03RobotsOnceADayForAll(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.robots("User-agent: *\nDisallow: /private\n")
	p.page("/list", strings.Repeat("next BASE/a\nnext BASE/b\nnext BASE/c\n", 10))
	p.page("/a", "")
	p.page("/b", "")
	p.page("/c", "")
	var now atomic.Int64
	cfg := quick()
	cfg.Parallel = 8
	cfg.Now = func() time.Time { return then.Add(time.Duration(now.Load())) }
	e := engine(t, cfg)
	run := func() {
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if rep, err := e.Run(t.Context(), p.source(), lines{}, newShelf()); err != nil || !rep.Complete {
					t.Errorf("err %v, %s", err, rep.Err)
				}
			})
		}
		wg.Wait()
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {23 * time.Hour, 1}, {25 * time.Hour, 2}} {
		now.Store(int64(step.after))
		run()
		if got := p.seen("GET /robots.txt"); got != step.want {
			t.Errorf("after %s robots.txt was asked for %d times, want %d", step.after, got, step.want)
		}
	}
}

func TestGap03RobotsAnswers(t *testing.T) {
	t.Parallel()
	long := "User-agent: *\nDisallow: /other\n" + strings.Repeat("# nothing\n", robotsSize/10) + "Disallow: /list\n"
	for _, test := range []struct {
		name    string
		status  int
		body    string
		allowed bool
	}{
		{"none", 404, "", true},
		{"forbidden", 403, "", true},
		{"server error", 500, "", false},
		{"busy", 429, "", false},
		{"past 512 KiB", 200, long, true},
		{"before 512 KiB", 200, "User-agent: *\nDisallow: /list\n" + long, false},
		{"bad lines", 200, "\ufeffhello\nDisallow: /x\nUser-agent: *\nCrawl-delay: soon\nDisallow: /list # us too\n", false},
		{"longer allows", 200, "User-agent: *\nDisallow: /\nAllow: /list\n", true},
		{"allow wins a tie", 200, "User-agent: *\nDisallow: /list\nAllow: /list\n", true},
		{"another group", 200, "User-agent: otherbot\nDisallow: /\n", true},
		{"group by token", 200, "User-agent: *\nDisallow:\nUser-Agent: UTKIK\nDisallow: /*t$\n", false},
		{"groups of one name", 200, "User-agent: utkik\nDisallow: /x\n\nUser-agent: utkik\nDisallow: /list\n", false},
		{"empty disallow ends a group", 200, "User-agent: utkik\nDisallow:\nUser-agent: bad\nDisallow: /\n", true},
		{"HTML", 200, "<html><body>Not here: sorry</body></html>", true},
		{"old line ends", 200, "User-agent: *\rDisallow: /list\r", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			p.page("/list", "item a")
			cfg := quick()
			cfg.Retries = 1
			rep := crawl(t, cfg, p.source(), lines{}, newShelf())
			if rep.Complete != test.allowed {
				t.Errorf("complete %v, err %q", rep.Complete, rep.Err)
			}
		})
	}
}

func TestGap03RobotsRedirectsAndOutage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	broken := false
	p.mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, req *http.Request) {
		if broken {
			w.WriteHeader(502)
			return
		}
		http.Redirect(w, req, "/files/robots.txt", http.StatusMovedPermanently)
	})
	p.page("/files/robots.txt", "User-agent: *\nDisallow: /private\n")
	p.page("/list", "item a\nmaybe BASE/private")
	now := then
	cfg := quick()
	cfg.Now = func() time.Time { return now }
	e := engine(t, cfg)
	for range 2 {
		rep, err := e.Run(t.Context(), p.source(), lines{}, newShelf())
		if err != nil || !rep.Complete || len(rep.Notes) != 1 || !strings.Contains(rep.Notes[0].Text, "disallowed by") {
			t.Errorf("err %v, report %+v", err, rep)
		}
		broken, now = true, now.Add(48*time.Hour) // unreachable: what it said before still stands
	}
}

// clocked runs k in a bubble where time costs nothing, and gives the seconds at which requests started, each
// with its path.
func clocked(t *testing.T, cfg Config, src kind.Source, k kind.Kind, site func(*http.Request) *http.Response) (starts []string, rep Report) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		cfg.Now = time.Now
		cfg.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			starts = append(starts, fmt.Sprintf("%g %s", time.Since(began).Seconds(), req.URL.Path))
			return site(req), nil
		})
		e, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if rep, err = e.Run(t.Context(), src, k, newShelf()); err != nil {
			t.Fatal(err)
		}
		starts = append(starts, fmt.Sprintf("%g end", time.Since(began).Seconds()))
	})
	return starts, rep
}

func pages(robots string, byPath map[string]string) func(*http.Request) *http.Response {
	return func(req *http.Request) *http.Response {
		if req.URL.Path == "/robots.txt" {
			return respond(req, 200, robots)
		}
		body, ok := byPath[req.URL.Path]
		if !ok {
			return respond(req, 404, "")
		}
		return respond(req, 200, body)
	}
}

var village = kind.Source{ID: "village", Kind: "lines", Address: map[string]string{"list": "https://village.example/list"}}

func TestGap04CrawlDelay(t *testing.T) {
	t.Parallel()
	two := map[string]string{"/list": "next https://village.example/two", "/two": ""}
	for _, test := range []struct{ delay, want string }{
		{"7", "0 /robots.txt, 7 /list, 14 /two, 14 end"},
		{"3600", "0 /robots.txt, 60 /list, 120 /two, 120 end"},
		{"0.5", "0 /robots.txt, 2 /list, 4 /two, 4 end"}, // our own pace is slower
	} {
		cfg := quick()
		cfg.Delay = 0
		if test.delay == "0.5" {
			cfg.Delay = 2 * time.Second
		}
		got, _ := clocked(t, cfg, village, lines{}, pages("User-agent: *\nCrawl-delay: "+test.delay+"\n", two))
		if strings.Join(got, ", ") != test.want {
			t.Errorf("Crawl-delay %s: %s, want %s", test.delay, strings.Join(got, ", "), test.want)
		}
	}
}

func TestGap05ConditionalGet(t *testing.T) {
	t.Parallel()
	for _, header := range []struct{ give, ask, value string }{
		{"ETag", "If-None-Match", `"abc"`}, {"Last-Modified", "If-Modified-Since", "Wed, 13 May 2026 04:00:00 GMT"},
	} {
		p := newPortal(t)
		p.robots("")
		p.mux.HandleFunc("/list", func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set(header.give, header.value)
			if req.Header.Get(header.ask) == header.value {
				w.WriteHeader(304)
				return
			}
			fmt.Fprint(w, "listing x\nitem a")
		})
		s := newShelf()
		crawl(t, quick(), p.source(), lines{}, s)
		rep := crawl(t, quick(), p.source(), lines{}, s)
		if !rep.Complete || rep.NotModified != 1 || rep.Bytes != 0 || refs(rep) != "a" || len(s.kept) != 1 {
			t.Errorf("%s: complete %v, not modified %d, bytes %d, items %q, kept %d", header.give, rep.Complete, rep.NotModified, rep.Bytes, refs(rep), len(s.kept))
		}
	}
}

func TestGap05NotModifiedWithoutCause(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.mux.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) })
	wantErr(t, crawl(t, quick(), p.source(), lines{}, newShelf()), "status 304")
}

func TestGap06OtherGoodStatuses(t *testing.T) {
	t.Parallel()
	for status, ok := range map[int]bool{200: true, 203: true, 204: true, 206: false, 300: false, 404: false} {
		p := newPortal(t)
		p.mux.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			if status != 204 {
				io.WriteString(w, "item a")
			}
		})
		s := newShelf()
		if rep := crawl(t, quick(), p.source(), lines{}, s); rep.Complete != ok || s.kept[0].Status != status {
			t.Errorf("status %d: complete %v, err %q, kept as %d", status, rep.Complete, rep.Err, s.kept[0].Status)
		}
	}
}

func TestGap07TooLargeIsAnError(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", strings.Repeat("item a\n", 30_000))
	src := p.source()
	src.MaxBytes = 100_000
	s := newShelf()
	rep := crawl(t, quick(), src, lines{}, s)
	wantErr(t, rep, "body is larger than 100000 bytes")
	if rep.Seen != 0 || len(s.kept) != 1 || len(s.kept[0].Body) != keepOfBad || s.problems[0] == "" {
		t.Errorf("seen %d, kept %d documents, problems %q", rep.Seen, len(s.kept), s.problems)
	}
	src.MaxBytes = 210_000
	if rep := crawl(t, quick(), src, lines{start: nil}, s); strings.Contains(rep.Err, "larger") {
		t.Errorf("exactly the limit: %s", rep.Err)
	}
}

func packed(t *testing.T, encoding string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "flate":
		w, _ = flate.NewWriter(&b, 6)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGap08BombIsAnErrorInEveryWrapping(t *testing.T) {
	// Not parallel: it counts what is allocated.
	bomb := packed(t, "gzip", make([]byte, 24<<20))
	for _, test := range []struct{ name, path, encoding, contentType string }{
		{"content encoding", "/list", "gzip", "text/plain"},
		{"path", "/list.xml.gz", "", ""},
		{"content type", "/list", "", "application/x-gzip"},
	} {
		p := newPortal(t)
		p.mux.HandleFunc(test.path, func(w http.ResponseWriter, _ *http.Request) {
			if test.encoding != "" {
				w.Header().Set("Content-Encoding", test.encoding)
			}
			w.Header()["Content-Type"] = []string{test.contentType}
			w.Write(bomb)
		})
		src := p.source()
		src.Address["list"], src.MaxBytes = p.URL+test.path, 1<<20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		rep := crawl(t, quick(), src, lines{}, newShelf())
		runtime.ReadMemStats(&after)
		wantErr(t, rep, "body is larger than 1048576 bytes")
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 12<<20 {
			t.Errorf("%s: %d MiB allocated", test.name, grown>>20)
		}
	}
}

func TestGap08UnpacksOnce(t *testing.T) {
	t.Parallel()
	body := []byte("item a\n")
	for _, test := range []struct {
		name, path, encoding, contentType, packing string
		err                                        string
	}{
		{name: "gzip", path: "/list", encoding: "gzip", packing: "gzip"},
		{name: "deflate, zlib", path: "/list", encoding: "deflate", packing: "zlib"},
		{name: "deflate, bare", path: "/list", encoding: "deflate", packing: "flate"},
		{name: "packed file", path: "/list.xml.gz", packing: "gzip"},
		{name: "packed type", path: "/list", contentType: "application/gzip", packing: "gzip"},
		{name: "said to be packed", path: "/list.xml.gz"},
		{name: "not asked for", path: "/list", encoding: "br", err: `content encoding "br" was not asked for`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.mux.HandleFunc(test.path, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				if test.contentType != "" {
					w.Header().Set("Content-Type", test.contentType)
				}
				if test.encoding != "" {
					w.Header().Set("Content-Encoding", test.encoding)
				}
				if test.packing == "" {
					w.Write(body)
				} else {
					w.Write(packed(t, test.packing, body))
				}
			})
			src := p.source()
			src.Address["list"] = p.URL + test.path
			rep := crawl(t, quick(), src, lines{}, newShelf())
			if !strings.Contains(rep.Err, test.err) || test.err == "" && refs(rep) != "a" {
				t.Errorf("items %q, err %q", refs(rep), rep.Err)
			}
		})
	}
}

func TestGap09NoWaitingAfterTheLastRequest(t *testing.T) {
	t.Parallel()
	cfg := quick()
	cfg.Delay = 10 * time.Second
	got, _ := clocked(t, cfg, village, lines{}, pages("", map[string]string{"/list": "next https://village.example/two", "/two": ""}))
	if want := "0 /robots.txt, 10 /list, 20 /two, 20 end"; strings.Join(got, ", ") != want {
		t.Errorf("%s, want %s", strings.Join(got, ", "), want)
	}
}

func TestGap10CancelEndsAllWaiting(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 8} {
		synctest.Test(t, func(t *testing.T) {
			cfg := quick()
			cfg.Delay, cfg.Now, cfg.Parallel = time.Hour, time.Now, parallel
			cfg.Transport = roundTrip(func(req *http.Request) (*http.Response, error) { return respond(req, 200, ""), nil })
			e, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					rep, err := e.Run(ctx, village, lines{}, newShelf())
					if !errors.Is(err, context.Canceled) || rep.Complete {
						t.Errorf("err %v, complete %v", err, rep.Complete)
					}
				})
			}
			synctest.Wait()
			began := time.Now()
			cancel()
			wg.Wait()
			if took := time.Since(began); took != 0 {
				t.Errorf("parallel %d: the last run ended %s after the cancel", parallel, took)
			}
		})
	}
}

func TestGap10CancelEndsARetryAndARequest(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"retry": func(req *http.Request) (*http.Response, error) {
			return respond(req, 503, "", "Retry-After", "500"), nil
		},
		"request": func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			cfg := quick()
			cfg.Now, cfg.Transport, cfg.Timeout = time.Now, roundTrip(answer), time.Hour
			e, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			began := time.Now()
			if _, err := e.Run(ctx, village, lines{}, newShelf()); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
				t.Errorf("%s: err %v after %s", name, err, time.Since(began))
			}
		})
	}
}

func TestGap11HostsHaveTheirOwnPace(t *testing.T) {
	t.Parallel()
	k := lines{start: []kind.Request{
		{URL: "https://village.example/1"}, {URL: "https://town.example/1"},
		{URL: "https://village.example/2"}, {URL: "https://town.example/2"},
	}}
	src := village
	src.Allow = []string{"town.example"}
	cfg := quick()
	cfg.Delay, cfg.Parallel = 10*time.Second, 4
	got, _ := clocked(t, cfg, src, k, func(req *http.Request) *http.Response { return respond(req, 200, "") })
	// Two hosts with robots.txt and two pages each: one after the other they would take 50 s.
	if want := "20 end"; got[len(got)-1] != want {
		t.Errorf("%s, want %s", strings.Join(got, ", "), want)
	}
}

func TestGap12ParallelIsNotFaster(t *testing.T) {
	t.Parallel()
	var k lines
	for i := range 6 {
		k.start = append(k.start, kind.Request{URL: fmt.Sprintf("https://village.example/%d", i)})
	}
	cfg := quick()
	cfg.Delay, cfg.Parallel = 10*time.Second, 4
	got, _ := clocked(t, cfg, village, k, func(req *http.Request) *http.Response { return respond(req, 200, "") })
	for i, line := range got[:len(got)-1] {
		if !strings.HasPrefix(line, strconv.Itoa(10*i)+" ") {
			t.Errorf("request %d started at %s, want %d s", i, line, 10*i)
		}
	}
}

func TestGap13Retries(t *testing.T) {
	t.Parallel()
	date := "Wed, 13 May 2026 06:00:00 GMT"
	for _, test := range []struct {
		name   string
		status []int // one an answer, the last for ever
		header []string
		want   string
		err    string
	}{
		{"back-off", []int{503, 500, 200}, nil, "0 /list, 1 /list, 3 /list, 3 end", ""},
		{"at most", []int{503}, nil, "0 /list, 1 /list, 3 /list, 7 /list, 7 end", "source village: GET https://village.example/list: status 503 after 4 tries"},
		{"seconds", []int{429, 200}, []string{"Retry-After", "120"}, "0 /list, 120 /list, 120 end", ""},
		{"date", []int{503, 200}, []string{"Retry-After", "Wed, 13 May 2026 06:01:30 GMT", "Date", date}, "0 /list, 90 /list, 90 end", ""},
		{"date that passed", []int{503, 200}, []string{"Retry-After", "Wed, 13 May 2026 05:00:00 GMT", "Date", date}, "0 /list, 1 /list, 1 end", ""},
		{"too long", []int{503}, []string{"Retry-After", "7200"}, "0 /list, 0 end", "status 503: the host asks to come back in 2h0m0s, a run waits 10m0s at most"},
		{"nonsense", []int{503, 200}, []string{"Retry-After", "soon"}, "0 /list, 1 /list, 1 end", ""},
		{"not found", []int{404}, []string{"Retry-After", "5"}, "0 /list, 0 end", "status 404"},
		{"network", []int{0, 200}, nil, "0 /list, 1 /list, 1 end", ""},
		{"cut", []int{-1, 200}, nil, "0 /list, 1 /list, 1 end", ""},
	} {
		cfg := quick()
		cfg.Backoff, cfg.Rand = time.Second, func() float64 { return 1 }
		n := 0
		var starts []string
		var rep Report
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			cfg.Now = time.Now
			cfg.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
				if req.URL.Path == "/robots.txt" {
					return respond(req, 404, ""), nil
				}
				starts = append(starts, fmt.Sprintf("%g %s", time.Since(began).Seconds(), req.URL.Path))
				status := test.status[min(n, len(test.status)-1)]
				n++
				switch status {
				case 0:
					return nil, errors.New("connection reset by peer")
				case -1:
					r := respond(req, 200, "")
					r.ContentLength, r.Body = 100, io.NopCloser(io.MultiReader(strings.NewReader("item"), failing{io.ErrUnexpectedEOF}))
					return r, nil
				}
				return respond(req, status, "", test.header...), nil
			})
			e, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			rep, err = e.Run(t.Context(), village, lines{}, newShelf())
			if err != nil {
				t.Fatal(err)
			}
			starts = append(starts, fmt.Sprintf("%g end", time.Since(began).Seconds()))
		})
		if got := strings.Join(starts, ", "); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if !strings.Contains(rep.Err, test.err) || (test.err == "") != (rep.Err == "") {
			t.Errorf("%s: err %q, want %q", test.name, rep.Err, test.err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestGap13RetrySendsTheBodyAgain(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	var bodies []string
	p.mux.HandleFunc("/list", func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		bodies = append(bodies, string(b))
		if len(bodies) < 3 {
			w.WriteHeader(502)
		}
	})
	k := lines{start: []kind.Request{{Method: "POST", URL: p.URL + "/list", Body: []byte("q=1")}}}
	rep := crawl(t, quick(), p.source(), k, newShelf())
	if strings.Join(bodies, " ") != "q=1 q=1 q=1" || !rep.Complete {
		t.Errorf("bodies %q, err %q", bodies, rep.Err)
	}
}

func TestGap14FailedAddressesAreAskedAgain(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	broken := true
	p.mux.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) {
		if broken {
			w.WriteHeader(404)
			return
		}
		fmt.Fprint(w, "item a")
	})
	e := engine(t, quick())
	for _, want := range []bool{false, true} {
		rep, err := e.Run(t.Context(), p.source(), lines{}, newShelf())
		if err != nil || rep.Complete != want {
			t.Errorf("err %v, complete %v, want %v", err, rep.Complete, want)
		}
		broken = false
	}
}

func TestGap15EnvironmentChangesNothing(t *testing.T) {
	for name, value := range map[string]string{
		"ALLOWED_DOMAINS": "elsewhere.example", "CACHE_DIR": t.TempDir(), "DETECT_CHARSET": "1", "DISALLOWED_DOMAINS": "127.0.0.1",
		"IGNORE_ROBOTSTXT": "1", "FOLLOW_REDIRECTS": "0", "MAX_BODY_SIZE": "5", "MAX_DEPTH": "-1", "MAX_REQUESTS": "1",
		"PARSE_HTTP_ERROR_RESPONSE": "1", "TRACE_HTTP": "1", "USER_AGENT": "Mozilla/5.0",
	} {
		t.Setenv("COLLY_"+name, value)
	}
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	p := newPortal(t)
	p.robots("User-agent: *\nDisallow: /private\n")
	var agents []string
	p.mux.HandleFunc("/list", func(w http.ResponseWriter, req *http.Request) {
		agents = append(agents, req.UserAgent())
		http.Redirect(w, req, "/two", http.StatusFound)
	})
	p.page("/two", "item a\nmaybe BASE/private\nmaybe BASE/none\nnext BASE/three")
	p.page("/three", "item b")
	p.page("/private", "item c")
	s := newShelf()
	rep := crawl(t, quick(), p.source(), lines{}, s)
	if !rep.Complete || refs(rep) != "a b" || p.seen("GET /private") != 0 || len(rep.Notes) != 2 {
		t.Errorf("items %q, err %q, notes %v, asked %q", refs(rep), rep.Err, rep.Notes, p.hits)
	}
	if len(agents) != 1 || agents[0] != quick().UserAgent {
		t.Errorf("user agents %q", agents)
	}
	c := newCollector(t.Context(), "x", http.DefaultTransport)
	if c.CacheDir != "" || c.AllowedDomains != nil || c.DisallowedDomains != nil || c.MaxBodySize != 0 || c.MaxDepth != 0 ||
		c.MaxRequests != 0 || c.TraceHTTP || c.DetectCharset || c.ParseHTTPErrorResponse || c.UserAgent != "x" || !c.AllowURLRevisit {
		t.Errorf("collector %+v", c)
	}
}

func TestGap16RedirectsStayWithTheSource(t *testing.T) {
	t.Parallel()
	other := newPortal(t)
	other.page("/list", "item a")
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	p := newPortal(t)
	p.mux.Handle("/list", http.RedirectHandler(elsewhere+"/list", http.StatusFound))
	rep := crawl(t, quick(), p.source(), lines{}, newShelf())
	wantErr(t, rep, "GET "+p.URL+"/list: redirected to "+elsewhere+"/list: host localhost is none of the source's")
	if len(other.hits) != 0 {
		t.Errorf("asked %q", other.hits)
	}
	src := p.source()
	src.Allow = []string{"localhost"}
	if rep := crawl(t, quick(), src, lines{}, newShelf()); refs(rep) != "a" {
		t.Errorf("allowed host: %s", rep.Err)
	}
}

func TestGap17RedirectsAreBounded(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.mux.HandleFunc("/hop", func(w http.ResponseWriter, req *http.Request) {
		n, _ := strconv.Atoi(req.FormValue("n"))
		if n == 0 {
			fmt.Fprint(w, "item a")
			return
		}
		http.Redirect(w, req, fmt.Sprintf("/hop?n=%d", n-1), http.StatusSeeOther)
	})
	for n, ok := range map[int]bool{5: true, 6: false} {
		src := p.source()
		src.Address["list"] = fmt.Sprintf("%s/hop?n=%d", p.URL, n)
		rep := crawl(t, quick(), src, lines{}, newShelf())
		if rep.Complete != ok || !ok && !strings.Contains(rep.Err, "more than 5 redirects") {
			t.Errorf("%d hops: complete %v, err %q", n, rep.Complete, rep.Err)
		}
	}
}

func TestGap17NoWayBackFromTLS(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "item a")
	mux := http.NewServeMux()
	mux.Handle("/list", http.RedirectHandler(p.URL+"/list", http.StatusFound))
	safe := httptest.NewTLSServer(mux)
	t.Cleanup(safe.Close)
	cfg := quick()
	cfg.Transport = safe.Client().Transport
	src := p.source()
	src.Address["list"] = safe.URL + "/list"
	rep := crawl(t, cfg, src, lines{}, newShelf())
	wantErr(t, rep, "redirect from https to "+p.URL+"/list refused")
}

func TestGap19GoroutinesAreBounded(t *testing.T) {
	t.Parallel()
	var k lines
	for i := range 2000 {
		k.start = append(k.start, kind.Request{URL: fmt.Sprintf("https://village.example/%d", i)})
	}
	cfg := quick()
	cfg.Parallel = 4
	before, most := runtime.NumGoroutine(), atomic.Int64{}
	cfg.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
		most.Store(max(most.Load(), int64(runtime.NumGoroutine())))
		return respond(req, 200, ""), nil
	})
	if rep := crawl(t, cfg, village, k, newShelf()); rep.Requests != 2001 {
		t.Errorf("%d requests: %s", rep.Requests, rep.Err)
	}
	if grown := most.Load() - int64(before); grown > 500 { // other tests run beside this one
		t.Errorf("%d goroutines more", grown)
	}
}

func TestGap20ConnectionsAreReused(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	var conns atomic.Int64
	var list strings.Builder
	for i := range 30 {
		fmt.Fprintf(&list, "next BASE/list?n=%d\n", i)
	}
	var remotes sync.Map
	p.mux.HandleFunc("/list", func(w http.ResponseWriter, req *http.Request) {
		if _, known := remotes.LoadOrStore(req.RemoteAddr, true); !known {
			conns.Add(1)
		}
		if req.URL.RawQuery == "" {
			io.WriteString(w, strings.ReplaceAll(list.String(), "BASE", p.URL))
		}
	})
	crawl(t, quick(), p.source(), lines{}, newShelf())
	if conns.Load() != 1 {
		t.Errorf("%d connections for 31 requests", conns.Load())
	}
}

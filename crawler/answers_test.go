package crawler

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"code.dny.dev/ssrf"

	"utkik/crawler/kind"
)

func TestAnswersOfAnotherType(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		stated, body string
		accept       []string
		err          string
	}{
		{"application/json", "item a", []string{"application/json"}, ""},
		{"application/json;charset=UTF-8", "item a", []string{"application/json"}, ""},
		{"text/html", "<html>", []string{"application/json"}, "the answer is text/html, asked was application/json"},
		{"", "<!DOCTYPE html><html>", []string{"application/json"}, "the answer is text/html, asked was application/json"},
		{"", "item a", []string{"application/json"}, ""},
		{"text/csv", "item a", []string{"application/json", "text/*"}, ""},
		{"image/png", "item a", []string{"*/*"}, ""},
		{"image/png", "item a", nil, ""},
		{"text/html", "", []string{"application/json"}, ""}, // 204 and the like
	} {
		p := newPortal(t)
		p.mux.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{test.stated}
			fmt.Fprint(w, test.body)
		})
		k := lines{start: []kind.Request{{URL: p.URL + "/list", Accept: test.accept}}}
		s := newShelf()
		rep := crawl(t, quick(), p.source(), k, s)
		if !strings.Contains(rep.Err, test.err) || (rep.Err == "") != (test.err == "") {
			t.Errorf("%q for %q: err %q, want %q", test.stated, test.accept, rep.Err, test.err)
		}
		if test.err != "" && s.problems[0] != test.err {
			t.Errorf("kept with problem %q", s.problems[0])
		}
	}
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	latin := "item a \xe5\xe4\xf6"
	for _, test := range []struct{ name, stated, body, want string }{
		{"header", "text/html; charset=iso-8859-1", latin, "åäö"},
		{"meta", "text/html", "<meta charset=\"iso-8859-1\">" + latin, "åäö"},
		{"UTF-8 by header", "text/html; charset=utf-8", "item a åäö", "åäö"},
		{"nothing said", "text/html", "item a åäö", "åäö"},
		{"nothing said, late", "text/html", strings.Repeat(" ", 2000) + "item a åäö", "åäö"},
		{"nothing said, not UTF-8", "text/html", latin, "åäö"},
		{"byte order mark", "text/html", "\ufeffitem a åäö", "åäö"},
		{"plain text", "text/plain; charset=windows-1252", latin, "åäö"},
		{"JSON is UTF-8", "application/json; charset=iso-8859-1", "item a åäö", "åäö"},
	} {
		p := newPortal(t)
		p.mux.HandleFunc("/list.xml.gz", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", test.stated)
			fmt.Fprint(w, test.body)
		})
		src := p.source()
		src.Address["list"] = p.URL + "/list.xml.gz" // a path that colly would take for packed
		s := newShelf()
		crawl(t, quick(), src, lines{}, s)
		if len(s.kept) != 1 || !strings.HasSuffix(string(s.kept[0].Body), test.want) || strings.HasPrefix(string(s.kept[0].Body), "\ufeff") {
			t.Errorf("%s: kept %+v", test.name, s.kept)
		}
	}
}

// abrupt is a TLS server that answers with raw bytes and then drops the connection without the end that TLS
// has, as the portal's network was seen to do.
func abrupt(t *testing.T, answer string) (address string, transport *http.Transport, answered func() int) {
	t.Helper()
	certs := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	t.Cleanup(certs.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			c := tls.Server(raw, &tls.Config{Certificates: certs.TLS.Certificates})
			buf := make([]byte, 8192)
			m, _ := c.Read(buf)
			if strings.HasPrefix(string(buf[:m]), "GET /robots.txt") {
				fmt.Fprint(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			} else {
				n++
				fmt.Fprint(c, answer)
			}
			raw.Close() // not c.Close: no close_notify
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "https://" + l.Addr().String(), certs.Client().Transport.(*http.Transport).Clone(), func() int { l.Close(); <-done; return n }
}

func TestConnectionsThatEndAbruptly(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
	for _, test := range []struct {
		name, answer string
		whole        bool
	}{
		{"whole, by its end", head + "\r\n{\"a\": [1, 2]}", true},
		{"cut, by its end", head + "\r\n{\"a\": [1, 2", false},
		{"whole, chunked", head + "Transfer-Encoding: chunked\r\n\r\nd\r\n{\"a\": [1, 2]}\r\n", true},
		{"cut, chunked", head + "Transfer-Encoding: chunked\r\n\r\nb\r\n{\"a\": [1, 2\r\n", false},
		{"cut, by its length", head + "Content-Length: 100\r\n\r\n{\"a\": [1, 2]}", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address, transport, answered := abrupt(t, test.answer)
			transport.DisableKeepAlives = true
			cfg := quick()
			cfg.Transport, cfg.Retries = transport, 2
			src := kind.Source{ID: "village", Address: map[string]string{"list": address + "/list"}}
			s := newShelf()
			rep := crawl(t, cfg, src, anything{}, s)
			if rep.Complete != test.whole || !test.whole && !strings.Contains(rep.Err, "cut off after 3 tries") {
				t.Errorf("complete %v, err %q", rep.Complete, rep.Err)
			}
			if n := answered(); test.whole != (n == 1) {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// anything is a kind that is content with every document.
type anything struct{ lines }

func (anything) Parse(kind.Source, kind.Document) (kind.Page, error) { return kind.Page{}, nil }

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "item a")
	cfg := quick()
	cfg.AllowPrivate, cfg.Delay = false, time.Nanosecond
	for address, reason := range map[string]string{
		p.URL + "/list":                "prohibited port",
		"http://127.0.0.1/list":        "prohibited IP",
		"http://localhost/list":        "prohibited IP", // a name that points inwards: refused after DNS
		"http://169.254.169.254/list":  "prohibited IP",
		"http://10.1.2.3/list":         "prohibited IP",
		"http://[::1]/list":            "prohibited IP",
		"http://[::ffff:127.0.0.1]/":   "prohibited IP",
		"https://[fe80::1]/list":       "prohibited IP",
		"file:///etc/passwd":           "scheme",
		"http://me:secret@127.0.0.1/x": "password",
	} {
		src := p.source()
		src.Address["list"] = "http://127.0.0.1/list"
		src.Allow = []string{"127.0.0.1", "localhost", "169.254.169.254", "10.1.2.3", "::1", "::ffff:127.0.0.1", "fe80::1"}
		k := lines{start: []kind.Request{{URL: address}}}
		rep := crawl(t, cfg, src, k, newShelf())
		wantErr(t, rep, reason)
		if len(p.hits) != 0 {
			t.Errorf("%s reached the server", address)
		}
	}
}

// A name may answer with a public address when it is checked and with a private one when it is dialled. What
// is dialled is what is checked here.
func TestRebindingIsRefused(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(p.URL, "http://"))
	n := newNetwork(false, 1)
	t.Cleanup(n.CloseIdleConnections)
	asked := 0
	guarded := n.DialContext
	n.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		asked++
		host := "192.0.2.1:80" // documentation: goes nowhere
		if asked > 1 {
			host = "127.0.0.1:80" // the second answer of the same name
		}
		if asked > 2 {
			host = "127.0.0.1:" + port
		}
		return guarded(ctx, network, host)
	}
	for range 3 {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://rebind.example/list", nil)
		resp, err := n.RoundTrip(req)
		if err == nil {
			resp.Body.Close()
		}
		if !errors.Is(err, ssrf.ErrProhibitedIP) && !errors.Is(err, ssrf.ErrProhibitedPort) {
			t.Errorf("dial %d: %v", asked, err)
		}
	}
	if len(p.hits) != 0 {
		t.Error("the server was reached")
	}
}

func TestATryHasATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := quick()
		cfg.Now, cfg.Timeout, cfg.Retries = time.Now, 30*time.Second, 1
		cfg.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.URL.Path == "/robots.txt" {
				return respond(req, 404, ""), nil
			}
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		e, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		rep, err := e.Run(t.Context(), village, lines{}, newShelf())
		if err != nil || !strings.Contains(rep.Err, "no whole answer within 30s after 2 tries") || time.Since(began).Truncate(time.Second) != time.Minute {
			t.Errorf("err %v, report %q, after %s", err, rep.Err, time.Since(began))
		}
	})
}

package door

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"utkik/internal/account"
	"utkik/internal/outbox"
	"utkik/internal/store"
	"utkik/internal/store/storetest"
	"utkik/internal/subscription"
	"utkik/internal/token"
)

var pg storetest.Server

func TestMain(m *testing.M) {
	code := m.Run()
	pg.Stop()
	os.Exit(code)
}

// house is an installation whose one page, behind the door, says who asks.
type house struct {
	*Door
	url   string
	store *store.Store
	ring  token.Ring
	ahead atomic.Int64  // how far the house's clock is ahead, in nanoseconds
	sent  chan struct{} // one for each mail that was written
	log   *lines
}

// lines are what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (h *house) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// pass lets time pass.
func (h *house) pass(d time.Duration) { h.ahead.Add(int64(d)) }

func openStore(t testing.TB, address string, now func() time.Time) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: address, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// build makes a house; set alters what its door is made of.
func build(t testing.TB, set func(*Config)) *house {
	t.Helper()
	return buildAt(t, "sqlite:"+filepath.Join(t.TempDir(), "utkik.db"), set)
}

func buildAt(t testing.TB, address string, set func(*Config)) *house {
	t.Helper()
	h := &house{sent: make(chan struct{}, 100), log: &lines{}}
	h.store = openStore(t, address, h.now)
	ctx := t.Context()
	if err := h.store.AddSigningKey(ctx, []byte(strings.Repeat("k", 32)), h.now().Add(-time.Hour), h.now().Add(-2*time.Hour), time.Time{}); err != nil {
		t.Fatal(err)
	}
	keys, err := h.store.SigningKeys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		h.ring = append(h.ring, token.Key(k))
	}
	server := httptest.NewUnstartedServer(nil)
	h.url = "http://" + server.Listener.Addr().String()
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Store: h.store, BaseURL: h.url, Session: 12 * time.Hour, Idle: 2 * time.Hour, Zone: zone, Now: h.now,
		Log: slog.New(slog.NewTextHandler(io.MultiWriter(h.log, t.Output()), nil)),
		Show: func(w http.ResponseWriter, _ *http.Request, p Page) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if p.Status != 0 {
				w.WriteHeader(p.Status)
			}
			fmt.Fprintf(w, "<title>%s</title>%s", p.Title, p.Body)
		}}
	cfg.Mail.Ring = func(context.Context) (token.Ring, error) { return h.ring, nil }
	cfg.Mail.ID = func(k store.MailKey) string { return outbox.MessageID(k, "example.org") }
	cfg.Mail.Sent = func(context.Context) { h.sent <- struct{}{} }
	if set != nil {
		set(&cfg)
	}
	if h.Door, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range h.Routes() {
		mux.Handle(r.Pattern, h.Door)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a := account.From(r.Context())
		fmt.Fprintf(w, "%s|%s|%s|%s|%s|%s", a.ID, a.Name, a.Mail, a.Role, r.URL.RequestURI(), r.RemoteAddr)
	})
	server.Config.Handler = h.Identify(mux)
	server.Start()
	t.Cleanup(server.Close)
	running, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { h.Run(running) })
	t.Cleanup(func() { stop(); done.Wait() })
	return h
}

// browser keeps cookies, and follows where it is sent.
func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport}
}

// answer is what came of a request.
type answer struct {
	status int
	body   string
	head   http.Header
	at     string // address at which it was given
}

func do(t *testing.T, c *http.Client, r *http.Request) answer {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, string(b), resp.Header, resp.Request.URL.String()}
}

func get(t *testing.T, c *http.Client, address string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, c, r)
}

func post(t *testing.T, c *http.Client, address string, pairs ...string) answer {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(t, c, r)
}

// whoAsks is who a browser is at the house.
func (h *house) whoAsks(t *testing.T, c *http.Client) string {
	t.Helper()
	who, _, _ := strings.Cut(get(t, c, h.url+"/who").body, "|/who")
	return who
}

// audit gives the lines of the audit log as who, what, on; the earliest first.
func (h *house) audit(t *testing.T) []string {
	t.Helper()
	es, err := h.store.AuditLog(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range es {
		out = append([]string{strings.TrimSpace(e.Who + " " + e.What + " " + e.On)}, out...)
	}
	return out
}

func recipient(id, address string) subscription.Recipient {
	return subscription.Recipient{ID: id, Address: address, Name: strings.ToUpper(id[:1]) + id[1:], Language: "sv", Zone: "Europe/Stockholm", Rhythm: subscription.Daily}
}

// signedIn gives a browser in which somebody has signed in, by the shortest way.
func (h *house) signedIn(t *testing.T, a account.Actor) *http.Client {
	t.Helper()
	c := newBrowser(t)
	s, secret := h.newSession(a)
	if err := h.store.AddSession(t.Context(), s, ""); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	c.Jar.SetCookies(u, []*http.Cookie{{Name: sessionCookie, Value: secret, Path: "/"}})
	return c
}

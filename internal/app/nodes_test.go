package app_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"utkik/internal/app"
	"utkik/internal/call"
	"utkik/internal/doctor"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// machine opens one machine of an installation; node is the address at which others reach it, empty if they need not.
func machine(t *testing.T, text, database, node string, now time.Time) *app.App {
	t.Helper()
	web := ""
	if node != "" {
		web = fmt.Sprintf("web: {node: %q}\n", node)
	}
	a := installation(t, configure(t, text+fmt.Sprintf("store: {url: %q}\n", database)+web), now)
	t.Cleanup(func() { closeApp(t, a) })
	return a
}

// serveAt lets a machine answer readers on a listener.
func serveAt(t *testing.T, a *app.App, l net.Listener) (page string) {
	t.Helper()
	serveOn(t, a, l, app.Only(app.Web))
	page = "http://" + l.Addr().String()
	get(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, page+"/healthz") // comes when it has its index
	return page
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func get(t *testing.T, c *http.Client, address string) (int, string) {
	t.Helper()
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// A second machine copies the index of the first; of one that is under another plan, or silent, or none, it builds its own.
func TestNodeCopies(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day, database := portal.Days()[0], pg.URL(t)
	l := listen(t)
	var given, refused atomic.Int64 // copies, as they pass on their way to other machines
	way := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: l.Addr().String()})
	way.ModifyResponse = func(r *http.Response) error {
		if r.StatusCode == http.StatusOK {
			given.Add(1)
		} else {
			refused.Add(1)
		}
		return nil
	}
	between := httptest.NewServer(way)
	t.Cleanup(between.Close)
	first := machine(t, text, database, between.URL, day)
	crawl(t, first)
	page := serveAt(t, first, l)
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if code, _ := get(t, fresh, page+"/node/index?mark="); code != http.StatusForbidden {
		t.Errorf("whoever asks is answered with %d", code)
	}

	second := machine(t, text, database, "", day)
	page2 := serveAt(t, second, listen(t))
	if x, err := second.Index(t.Context()); err != nil || x.NeedsRebuild() || x.Mark() == "" {
		t.Fatalf("the second's index: %v", err)
	}
	if given.Load() != 1 || refused.Load() != 0 {
		t.Errorf("%d copies were given and %d refused, want one", given.Load(), refused.Load())
	}
	for _, p := range []string{page, page2} {
		if _, body := get(t, fresh, p+"/?q=tourism"); !strings.Contains(body, "/call/ft-portal/50563532TOPICS") {
			t.Errorf("%s does not find what was read", p)
		}
	}
	if found, err := second.Reconcile(t.Context()); err != nil || found != "" {
		t.Errorf("the copy and the store: %q, %v", found, err)
	}
	cfg := *first.Config
	told := map[string][]doctor.Line{}
	for _, l := range app.Doctor(t.Context(), &cfg, app.DoctorOptions{Offline: true, Quick: true}) {
		told[l.Part] = append(told[l.Part], l)
	}
	for _, p := range []string{page, page2} {
		want(t, told, "nodes", doctor.OK, strings.TrimPrefix(p, "http://")+": 0 calls to follow")
	}
	lag, err := first.Lag(t.Context())
	if err != nil || len(lag) != 2 || lag[0].Calls != 0 || lag[1].Calls != 0 || lag[0].Silent > time.Minute {
		t.Errorf("lag %+v, %v", lag, err)
	}

	other := machine(t, strings.Replace(text, "sources:", "plan: strandhammar-2030\nsources:", 1), database, "", day)
	serveAt(t, other, listen(t))
	if given.Load() != 1 || refused.Load() != 1 {
		t.Errorf("%d copies were given and %d refused: one of another plan is not to be had", given.Load(), refused.Load())
	}
	if found, err := other.Reconcile(t.Context()); err != nil || found != "" {
		t.Errorf("the index that was built and the store: %q, %v", found, err)
	}
}

// What somebody writes on one machine they see at once on another, before that has followed by itself.
func TestOwnWrites(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day, database := portal.Days()[0], pg.URL(t)
	one, two := machine(t, text, database, "", day), machine(t, text, database, "", day)
	crawl(t, one)
	page1, page2 := serveAt(t, one, listen(t)), serveAt(t, two, listen(t))
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	person := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}

	// A call that came with the write: nobody follows within the next moment but for the person's sake.
	run, err := one.Store.BeginRun(t.Context(), "have-your-say", "import", day)
	if err != nil {
		t.Fatal(err)
	}
	c := call.Call{Source: "have-your-say", Ref: "own", Kind: call.KindConsultation, Title: "Kvastfenornas framtid", Language: "sv", Status: call.StatusOpen}
	if err := one.Store.Commit(t.Context(), run, store.Batch{Source: c.Source, At: day, Saves: []store.Save{{Call: c, Version: true, Seen: true}}}); err != nil {
		t.Fatal(err)
	}
	last, err := one.Store.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	there, err := url.Parse(page2)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(there, []*http.Cookie{{Name: "utkik-seen", Value: fmt.Sprint(last), Path: "/"}})
	if _, body := get(t, person, page2+"/?q=kvastfenornas"); !strings.Contains(body, "/call/"+c.Key().Path()) {
		t.Error("the other machine does not show what was written")
	}
	d := subscription.Decision{Key: c.Key(), Department: one.Plan.Departments[0].ID, Choice: subscription.Follow, Why: "kvastar behövs", At: day}
	if err := one.Store.Decide(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{page1, page2} {
		if _, body := get(t, person, p+"/call/"+c.Key().Path()); !strings.Contains(body, d.Why) {
			t.Errorf("%s does not show what was decided", p)
		}
	}
	for _, value := range []string{"99999999", "-1", "nonsense"} {
		jar.SetCookies(there, []*http.Cookie{{Name: "utkik-seen", Value: value, Path: "/"}})
		if code, _ := get(t, person, page2+"/?q=tourism"); code != http.StatusOK {
			t.Errorf("a cookie %s is answered with %d", value, code)
		}
	}
}

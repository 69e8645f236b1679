package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/index"
	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

var strategist = account.Actor{ID: "sven", Name: "Sven", Mail: "STRATEGIST@example.org", Role: account.Reader}

// postAs sends a form as somebody.
func postAs(t testing.TB, s http.Handler, who account.Actor, address string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(account.With(t.Context(), who), http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// TestSavedFindsTheSame: what is saved of a search hits what the page finds, whatever was ticked.
func TestSavedFindsTheSame(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, address := range []string{
		"/", query("q", "rail"), query("q", "rail OR wind"), query("q", "rail OR wind", "status", "open"), query("q", "järnväg", "words", "typed"),
		query("q", "järnväg rail", "words", "typed", "kind", "call"), query("kind", "call", "kind", "news"), query("department", "kultur"),
		query("department", "miljo", "priority", "kultur"), query("department", "kultur", "priority", "miljo", "priority", "removed-since"), query("priority", "kultur"),
		query("programme", "CEF", "programme", "PROG03"), query("deadline", "3m", "deadline", "none"), query("budget", "1m-5m"), query("budget", "none", "kind", "planned"),
		query("action_type", "infra"), query("source", "have-your-say", "source", "cinea"), query("source", "cinea", "status", "open", "q", "vind"), query("status", "closed", "q", "rail"),
		query("programme", script), query("q", "(rail OR wind) -forest", "deadline", "6m"),
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		a := read(u.Query())
		what, err := a.asSubscription()
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		want, err := s.cfg.Index.Ordered(t.Context(), a.filters(index.Query{Now: now}))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(want, call.Key.Compare)
		keys := map[call.Key]bool{}
		if err := s.follow(t.Context(), []subscription.Subscription{what}, "", "", keys); err != nil {
			t.Fatal(err)
		}
		if got := slices.SortedFunc(maps.Keys(keys), call.Key.Compare); !slices.Equal(got, want) {
			t.Errorf("%s: %s hits %v, the page finds %v", address, what, got, want)
		}
		// It can be read again from where it is written.
		what.Name = "Namn"
		if strings.Contains(address, "script") {
			continue // a quotation mark has no way to be written there
		}
		if back, err := subscription.Parse(what.String()); err != nil || !cmp.Equal(back, what) {
			t.Errorf("%s: %s is read as %+v, %v", address, what, back, err)
		}
	}
}

func TestSave(t *testing.T) {
	t.Parallel()
	s := site(t)
	page := document(t, getAs(t, s, editor, query("q", "rail", "status", "open", "x", "y")).Body.String())
	link := page.Find("a[href^='/save']").AttrOr("href", "")
	if link != "/save?q=rail&status=open" {
		t.Fatalf("the page leads to %q", link)
	}
	form := document(t, getAs(t, s, editor, link).Body.String()).Find("article form")
	if action := form.AttrOr("action", ""); action != "/save?q=rail&status=open" {
		t.Errorf("the form goes to %s", action)
	}
	if own := form.Find("option[selected]").AttrOr("value", ""); own != "kultur" || form.Find("option").Length() != 5 || form.Find("#name").AttrOr("value", "") != "rail" {
		t.Errorf("chosen is %s of %d, the name %q", own, form.Find("option").Length(), form.Find("#name").AttrOr("value", ""))
	}
	w := postAs(t, s, editor, "/save?q=rail&status=open", url.Values{"name": {" Öppet om  järnväg "}, "for": {"strategist"}})
	next := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || next != "/?q=rail&saved=strategist&status=open" {
		t.Fatalf("%d %s: %s", w.Code, next, plain(w.Body.String()))
	}
	after := document(t, getAs(t, s, editor, next).Body.String())
	if got := after.Find(".done").Text(); got != "Sökningen är sparad och tas med i mejlen till Strategist." {
		t.Errorf("what the page says: %q", got)
	}
	if got := after.Find("link[rel=canonical]").AttrOr("href", ""); strings.Contains(got, "saved") {
		t.Errorf("that it was saved stays in the address: %s", got)
	}
	if got := get(t, s, next).Body.String(); strings.Contains(got, "Strategist") {
		t.Error("somebody unknown is told a recipient's name")
	}
	to, err := s.cfg.Store.Recipient(t.Context(), "strategist")
	want := subscription.Subscription{Name: "Öppet om järnväg", Search: "rail status:open"}
	if err != nil || !cmp.Equal(to.Follows[len(to.Follows)-1], want) {
		t.Errorf("follows %v, %v", to.Follows, err)
	}
	log, err := s.cfg.Store.AuditLog(t.Context(), store.AuditFilter{What: "subscription.add"})
	if err != nil || len(log) != 1 || log[0].Who != "eva" || log[0].Way != store.WayWeb || log[0].On != "strategist" || log[0].Detail != want.String() {
		t.Errorf("the audit log: %+v, %v", log, err)
	}
	if w := postAs(t, s, editor, "/save?q=rail&status=open", url.Values{"name": {"Igen"}, "for": {"strategist"}}); w.Code != 400 || !strings.Contains(plain(w.Body.String()), "Strategist följer redan den här sökningen.") {
		t.Errorf("twice: %d %s", w.Code, plain(w.Body.String()))
	}
	english := postAs(t, s, editor, "/save?q=wind&lang=en", url.Values{"name": {"Wind"}, "for": {"kultur"}})
	if got := english.Header().Get("Location"); got != "/?lang=en&q=wind&saved=kultur" {
		t.Errorf("in English: %s", got)
	}
}

// TestSaveForOneself: a reader saves for the recipient at his own address, and for no other.
func TestSaveForOneself(t *testing.T) {
	t.Parallel()
	s := site(t)
	page := document(t, getAs(t, s, strategist, "/save?q=rail").Body.String())
	if got := page.Find("article form").AttrOr("action", ""); got != "/save/own?q=rail" || page.Find("option").Length() != 1 {
		t.Fatalf("the form goes to %q, for %d", got, page.Find("option").Length())
	}
	if w := postAs(t, s, strategist, "/save/own?q=rail", url.Values{"name": {"Räls"}, "for": {"strategist"}}); w.Code != http.StatusSeeOther {
		t.Errorf("for oneself: %d", w.Code)
	}
	if w := postAs(t, s, strategist, "/save/own?q=rail", url.Values{"name": {"Räls"}, "for": {"kultur"}}); w.Code != 400 || !strings.Contains(plain(w.Body.String()), "Välj en mottagare") {
		t.Errorf("for another: %d %s", w.Code, plain(w.Body.String()))
	}
	if to, err := s.cfg.Store.Recipient(t.Context(), "kultur"); err != nil || len(to.Follows) != 2 {
		t.Errorf("another follows %v, %v", to.Follows, err)
	}
}

// TestSaveAsks: whoever is no editor and no recipient saves nothing.
func TestSaveAsks(t *testing.T) {
	t.Parallel()
	s := site(t)
	form := url.Values{"name": {"Räls"}, "for": {"kultur"}}
	for _, who := range []struct {
		actor  account.Actor
		status int
	}{
		{account.Actor{}, http.StatusUnauthorized},
		{account.Actor{Mail: "kultur@example.org", Role: account.Reader}, http.StatusUnauthorized}, // an address that nobody vouches for
		{account.Actor{ID: "x", Role: account.Reader}, http.StatusForbidden},
		{account.Actor{ID: "x", Mail: "other@example.org", Role: account.Reader}, http.StatusForbidden},
	} {
		for _, address := range []string{"/save?q=rail", "/save/own?q=rail"} {
			if w := postAs(t, s, who.actor, address, form); w.Code != who.status {
				t.Errorf("%+v posts to %s: %d, want %d", who.actor, address, w.Code, who.status)
			}
		}
		page := document(t, getAs(t, s, who.actor, "/save?q=rail").Body.String())
		if got := page.Find("article form").Length(); got != 0 || !strings.Contains(page.Find(".problem").Text(), "Bara den som själv är mottagare") {
			t.Errorf("%+v is shown the form", who.actor)
		}
		if got := document(t, getAs(t, s, who.actor, query("q", "rail")).Body.String()).Find("a[href^='/save']").Length(); got != 0 {
			t.Errorf("%+v is led to the form", who.actor)
		}
	}
	// A reader who is a recipient may not use the editors' way.
	if w := postAs(t, s, strategist, "/save?q=rail", url.Values{"name": {"Räls"}, "for": {"strategist"}}); w.Code != http.StatusForbidden {
		t.Errorf("the editors' way: %d", w.Code)
	}
	for _, id := range []string{"kultur", "strategist"} {
		if to, err := s.cfg.Store.Recipient(t.Context(), id); err != nil || len(to.Follows) != 2 {
			t.Errorf("%s follows %v, %v", id, to.Follows, err)
		}
	}
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	s := site(t)
	good := url.Values{"name": {"Räls"}, "for": {"kultur"}}
	for _, tt := range []struct {
		name, address string
		form          url.Values
		want          string
	}{
		{"no name", "/save?q=rail", url.Values{"for": {"kultur"}}, "Skriv ett namn"},
		{"a name of spaces", "/save?q=rail", url.Values{"name": {" \x00 "}, "for": {"kultur"}}, "Skriv ett namn"},
		{"a long name", "/save?q=rail", url.Values{"name": {strings.Repeat("å", 101)}, "for": {"kultur"}}, "Skriv ett namn"},
		{"a name with a colon", "/save?q=rail", url.Values{"name": {"a: b"}, "for": {"kultur"}}, "utan kolon"},
		{"nobody", "/save?q=rail", url.Values{"name": {"Räls"}}, "Välj en mottagare"},
		{"an unknown one", "/save?q=rail", url.Values{"name": {"Räls"}, "for": {"x"}}, "Välj en mottagare"},
		{"everything", "/save?q=", good, "Sök efter något eller välj minst ett filter"},
		{"a wrong query", "/save?q=%22rail", good, "Sökningen gick inte att förstå"},
		{"a value that is none", "/save?q=rail&status=maybe", good, "Sökningen gick inte att förstå"},
		{"a priority that is not in the plan", "/save?priority=gone", good, "Sökningen gick inte att förstå"},
		{"a long query", "/save?q=" + strings.Repeat("x", 1001), good, "Sökningen gick inte att förstå"},
		{"in English", "/save?q=&lang=en", good, "Search for something"},
	} {
		w := postAs(t, s, editor, tt.address, tt.form)
		if w.Code != 400 || !strings.Contains(plain(w.Body.String()), tt.want) {
			t.Errorf("%s: %d %.600s", tt.name, w.Code, plain(w.Body.String()))
		}
		if strings.Contains(tt.address, "q=rail") && !strings.Contains(tt.address, "maybe") {
			if got := document(t, w.Body.String()).Find("#name").AttrOr("value", ""); got != short(oneLine(tt.form.Get("name")), maxSaveName) {
				t.Errorf("%s: of the name only %q is left", tt.name, got)
			}
		}
	}
	// Too many, also when they come at once.
	var wait sync.WaitGroup
	for i := range 2 {
		wait.Go(func() {
			for k := range 60 {
				postAs(t, s, editor, "/save?q="+strings.Repeat("x", 1+i*60+k), good)
			}
		})
	}
	wait.Wait()
	to, err := s.cfg.Store.Recipient(t.Context(), "kultur")
	if err != nil || len(to.Follows) > maxFollows+1 || len(to.Follows) < maxFollows {
		t.Errorf("follows %d things, %v", len(to.Follows), err)
	}
	if w := postAs(t, s, editor, "/save?q=zzz", good); w.Code != 400 || !strings.Contains(plain(w.Body.String()), "följer redan 100 saker") {
		t.Errorf("one more: %d %.300s", w.Code, plain(w.Body.String()))
	}
}

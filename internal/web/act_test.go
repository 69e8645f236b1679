package web

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/token"
)

// keys are those of the test site.
var keys = token.Ring{{ID: 1, Made: now.Add(-time.Hour), Secret: []byte(strings.Repeat("k", 32))}}

// readers gives the site recipients, and what some of them have decided.
func readers(ctx context.Context, st *store.Store) error {
	if err := st.AddSigningKey(ctx, keys[0].Secret, keys[0].Made, keys[0].Made, time.Time{}); err != nil {
		return err
	}
	reader := func(id, department, lang string) subscription.Recipient {
		return subscription.Recipient{ID: id, Address: id + "@example.org", Name: strings.ToUpper(id[:1]) + id[1:], Department: department, Language: lang, Zone: "Europe/Stockholm", Hour: 7,
			Rhythm: subscription.Daily, Follows: []subscription.Subscription{{Departments: []string{"kultur"}}, {Programmes: []string{"cef"}, Search: "rail"}}}
	}
	rests := reader("vilar", "", "sv")
	rests.Pause = subscription.Pause{Until: "2026-09-01", StandIn: "vikarie@example.org"}
	if err := st.SaveRecipients(ctx, []subscription.Recipient{reader("kultur", "kultur", "sv"), reader("strategist", "", "en"), rests}, true); err != nil {
		return err
	}
	for _, d := range []subscription.Decision{
		{Key: call.Key{Source: "ft-portal", Ref: "BULK-00"}, Department: "kultur", Choice: subscription.Act, Who: "Kultur", At: now},
		{Key: call.Key{Source: "ft-portal", Ref: "BULK-01"}, Recipient: "strategist", Choice: subscription.NotRelevant, Why: "trees", Who: "S", At: now},
		{Key: call.Key{Source: "ft-portal", Ref: "BULK-02"}, Recipient: "strategist", Choice: subscription.Follow, Who: "S", At: now},
	} {
		if err := st.Decide(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// act is the address of a link in a mail that was sent a day ago.
func act(a token.Act, recipient, ref string) string {
	return actFrom(a, recipient, recipient+"@example.org", ref, now.Add(-24*time.Hour))
}

func actFrom(a token.Act, recipient, address, ref string, written time.Time) string {
	c := token.Claim{Act: a, Recipient: recipient, Whose: token.Whose(address)}
	if ref != "" {
		c.Key = call.Key{Source: "ft-portal", Ref: ref}
	}
	return token.ActPath + keys.Seal(c, written)
}

// post sends a form, as a page's own button does.
func post(t testing.TB, s http.Handler, address string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// state is all that links can change.
func state(t testing.TB, s *Server) string {
	t.Helper()
	var b strings.Builder
	rs, err := s.cfg.Store.Recipients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		fmt.Fprintln(&b, r.ID, r.Pause)
	}
	ds, err := s.cfg.Store.Decisions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		fmt.Fprintln(&b, d)
	}
	acts, err := s.cfg.Store.Acts(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range acts {
		fmt.Fprintln(&b, a)
	}
	return b.String()
}

// TestScanner: a program that looks through mails opens every link, and every link on the pages behind; nothing changes.
func TestScanner(t *testing.T) {
	t.Parallel()
	s := site(t)
	before := state(t, s)
	opened := 0
	for _, a := range []token.Act{token.Follow, token.Take, token.NotRelevant, token.Undo, token.Answer, token.Unsubscribe, token.Pause, token.Resume} {
		for _, who := range []string{"kultur", "strategist", "vilar"} {
			ref := "BULK-01"
			if !a.OfCall() {
				ref = ""
			}
			todo := []string{act(a, who, ref)}
			for i := 0; i < len(todo) && i < 10; i++ {
				for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut} {
					w := httptest.NewRecorder()
					s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, todo[i], nil))
					opened++
					if method == http.MethodGet && w.Code != http.StatusOK {
						t.Errorf("%s of %s: %d", a, who, w.Code)
					}
					if method == http.MethodGet {
						document(t, w.Body.String()).Find("a[href^='/act/'], form").Each(func(_ int, e *goquery.Selection) {
							todo = append(todo, e.AttrOr("href", e.AttrOr("action", "")))
						})
					}
				}
			}
		}
	}
	if after := state(t, s); after != before || opened < 100 {
		t.Errorf("%d requests changed something:\n%s", opened, cmp.Diff(before, after))
	}
}

// TestActs presses every button, twice, and takes back what can be.
func TestActs(t *testing.T) {
	t.Parallel()
	s := site(t)
	key := func(ref string) call.Key { return call.Key{Source: "ft-portal", Ref: ref} }
	decided := func(k call.Key, department, recipient string) string {
		ds, err := s.cfg.Store.DecisionsOf(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, d := range ds {
			if d.Department == department && d.Recipient == recipient {
				out += fmt.Sprintf(" %s (%s, %s)", d.Choice, d.Who, d.Why)
			}
		}
		return strings.TrimSpace(out)
	}
	paused := func(id string) string {
		r, err := s.cfg.Store.Recipient(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return r.Pause.Until + " " + r.Pause.StandIn
	}
	for _, tt := range []struct {
		name, address string
		form          url.Values
		before, after string // what the page says
		what          func() string
		want          string
	}{
		{"follow", act(token.Follow, "kultur", "RAIL-1"), nil, "Vill ni följa den här? Railway links to the north Då får ni veta", "Ni följer den här",
			func() string { return decided(key("RAIL-1"), "", "kultur") }, "follow (Kultur, )"},
		{"take, for the department", act(token.Take, "kultur", "RAIL-1"), nil, "Tar ni den här?", "Ni tar den här",
			func() string {
				return decided(key("RAIL-1"), "kultur", "") + "; " + decided(key("RAIL-1"), "", "kultur")
			}, "act (Kultur, ); follow (Kultur, ) none (Kultur, )"},
		{"take, without one, in English", act(token.Take, "strategist", "RAIL-1"), nil, "Do you take this one?", "You take this one",
			func() string { return decided(key("RAIL-1"), "", "strategist") }, "act (Strategist, )"},
		{"not relevant", act(token.NotRelevant, "kultur", "TOMORROW"), url.Values{"why": {" för\r\nlitet <b> "}}, "Inte relevant för er? Heat networks", "Den här nämns inte mer",
			func() string { return decided(key("TOMORROW"), "", "kultur") }, "not-relevant (Kultur, för litet <b>)"},
		{"undo what the department takes", act(token.Undo, "kultur", "BULK-00"), nil, "Ta tillbaka beslutet?", "Beslutet är tillbakataget",
			func() string { return decided(key("BULK-00"), "kultur", "") }, "act (Kultur, ) none (Kultur, )"},
		{"pause", act(token.Pause, "kultur", ""), url.Values{"until": {"2026-08-17"}}, "Hur länge ska mejlen vila?", "Mejlen är pausade", func() string { return paused("kultur") }, "2026-08-17 "},
		{"resume", act(token.Resume, "kultur", ""), nil, "Vill du få mejlen igen?", "Mejlen kommer som vanligt", func() string { return paused("kultur") }, " "},
		{"unsubscribe", act(token.Unsubscribe, "strategist", ""), nil, "Do you want to stop these mails?", "The mails have ended", func() string { return paused("strategist") }, "9999-12-31 "},
		{"resume after all", act(token.Resume, "strategist", ""), nil, "Do you want the mails again?", "The mails come as usual", func() string { return paused("strategist") }, " "},
		{"unsubscribe one who rests", act(token.Unsubscribe, "vilar", ""), nil, "Vill du inte få", "Mejlen är avslutade", func() string { return paused("vilar") }, "9999-12-31 "},
	} {
		if got := plain(get(t, s, tt.address).Body.String()); !strings.Contains(got, tt.before) {
			t.Errorf("%s: before: no %q in %s", tt.name, tt.before, got)
		}
		acts := 0
		for range 2 {
			w := post(t, s, tt.address, tt.form)
			if w.Code != http.StatusSeeOther {
				t.Errorf("%s: pressed: %d %s", tt.name, w.Code, w.Body)
			}
			page := get(t, s, w.Header().Get("Location"))
			if got := plain(page.Body.String()); !strings.Contains(got, tt.after) || page.Code != http.StatusOK {
				t.Errorf("%s: after: %d, no %q in %s", tt.name, page.Code, tt.after, got)
			}
			if got := tt.what(); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
			all, err := s.cfg.Store.Acts(t.Context(), "", 0)
			if err != nil || acts > 0 && len(all) != acts {
				t.Errorf("%s: pressed twice, %d acts, %v", tt.name, len(all), err)
			}
			acts = len(all)
		}
	}
	all, err := s.cfg.Store.Acts(t.Context(), "kultur", 0)
	if err != nil || len(all) != 6 {
		t.Errorf("acts of kultur: %v, %v", all, err)
	}
	for _, a := range all {
		if !a.At.Equal(now) || a.Way != "page" || a.Act == "not-relevant" && (a.Detail != "för litet <b>" || a.Key != key("TOMORROW")) || a.Act == "pause" && a.Detail != "2026-08-17" {
			t.Errorf("act %+v", a)
		}
	}
	// The button on the page that says so takes it back.
	page := document(t, get(t, s, act(token.Take, "kultur", "RAIL-1")).Body.String())
	if w := post(t, s, page.Find("form").AttrOr("action", ""), nil); w.Code != http.StatusSeeOther || !strings.HasSuffix(decided(key("RAIL-1"), "kultur", ""), "none (Kultur, )") {
		t.Errorf("undone: %d, %s", w.Code, decided(key("RAIL-1"), "kultur", ""))
	}
}

// TestBadLinks holds every link that moves nothing to its page.
func TestBadLinks(t *testing.T) {
	t.Parallel()
	s := site(t)
	before := state(t, s)
	good := act(token.Unsubscribe, "kultur", "")
	day := now.Add(-24 * time.Hour)
	for _, tt := range []struct {
		name, address string
		status        int
		want          string
	}{
		{"damaged", good[:len(good)-2], 404, "Länken är skadad"},
		{"damaged, in English", good[:len(good)-2] + "?lang=en", 404, "The link is damaged"},
		{"of another installation", token.ActPath + token.Ring{{ID: 1, Secret: []byte(strings.Repeat("x", 32))}}.Seal(token.Claim{Act: token.Follow, Recipient: "kultur"}, day), 404, "Länken är skadad"},
		{"no base64", "/act/%C3%A5%00", 404, "Länken är skadad"},
		{"too long", "/act/" + strings.Repeat("A", 5000), 404, "Länken är skadad"},
		{"expired", actFrom(token.Follow, "kultur", "kultur@example.org", "RAIL-1", now.AddDate(0, -3, 0)), 410, "Den här länken är för gammal."},
		{"expired, of an English reader", actFrom(token.Follow, "strategist", "strategist@example.org", "RAIL-1", now.AddDate(0, -3, 0)), 410, "This link is too old."},
		{"expired, of nobody", actFrom(token.Follow, "nobody", "x@example.org", "RAIL-1", now.AddDate(0, -3, 0)), 410, "Den här länken är för gammal."},
		{"of a recipient that is gone", act(token.Unsubscribe, "nobody", ""), 410, "Mottagaren som länken hör till finns inte längre"},
		{"of an address that is gone", actFrom(token.Unsubscribe, "kultur", "old@example.org", "", day), 410, "Till adressen som länken skickades till går inga mejl längre"},
		{"of a call that is gone", act(token.Follow, "kultur", "NO"), 410, "Utlysningen som länken gäller finns inte längre här."},
	} {
		for _, w := range []*httptest.ResponseRecorder{get(t, s, tt.address), post(t, s, tt.address, url.Values{"List-Unsubscribe": {"One-Click"}, "why": {"x"}})} {
			if got := plain(w.Body.String()); w.Code != tt.status || !strings.Contains(got, tt.want) {
				t.Errorf("%s: %d, no %q in %s", tt.name, w.Code, tt.want, got)
			}
		}
	}
	for name, tt := range map[string]struct {
		address string
		form    url.Values
		want    string
	}{
		"no reason":          {act(token.NotRelevant, "kultur", "RAIL-1"), url.Values{"why": {" \n "}}, "Skriv varför, eller välj ett av förslagen."},
		"no reason, English": {act(token.NotRelevant, "strategist", "RAIL-1"), nil, "Say why, or choose one of the suggestions."},
		"no day":             {act(token.Pause, "kultur", ""), nil, "Välj en dag från i morgon till om ett år."},
		"today":              {act(token.Pause, "kultur", ""), url.Values{"until": {"2026-07-28"}}, "Välj en dag"},
		"in ten years":       {act(token.Pause, "kultur", ""), url.Values{"until": {"2036-07-28"}}, "Välj en dag"},
		"no such day":        {act(token.Pause, "kultur", ""), url.Values{"until": {"2026-08-32"}}, "Välj en dag"},
	} {
		w := post(t, s, tt.address, tt.form)
		page := get(t, s, w.Header().Get("Location"))
		if got := plain(page.Body.String()); w.Code != http.StatusSeeOther || page.Code != http.StatusBadRequest || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %d, %d: no %q in %s", name, w.Code, page.Code, tt.want, got)
		}
	}
	if w := post(t, s, act(token.Answer, "kultur", "RAIL-1"), url.Values{"why": {"x"}}); w.Code != http.StatusSeeOther {
		t.Errorf("an answer pressed: %d", w.Code)
	}
	if w := post(t, s, act(token.NotRelevant, "kultur", "RAIL-1"), url.Values{"why": {strings.Repeat("x", 1<<20)}}); w.Code != http.StatusSeeOther {
		t.Errorf("a form without end: %d", w.Code)
	}
	if after := state(t, s); after != before {
		t.Errorf("something changed:\n%s", cmp.Diff(before, after))
	}
}

// TestOneClick ends mails as mail programs do it (RFC 8058): one POST without cookies, Origin or Sec-Fetch-Site, in either form,
// answered at once and without a redirect.
func TestOneClick(t *testing.T) {
	t.Parallel()
	s := site(t)
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	if err := m.WriteField("List-Unsubscribe", "One-Click"); err != nil {
		t.Fatal(err)
	}
	m.Close()
	for _, tt := range []struct{ who, kind, body, want string }{
		{"kultur", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click", "Mejlen är avslutade\n"},
		{"kultur", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click", "Mejlen är avslutade\n"},
		{"strategist", m.FormDataContentType(), parts.String(), "The mails have ended\n"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, act(token.Unsubscribe, tt.who, ""), strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.kind)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		rec, err := s.cfg.Store.Recipient(t.Context(), tt.who)
		if w.Code != http.StatusOK || w.Body.String() != tt.want || err != nil || rec.Pause.Until != subscription.Never {
			t.Errorf("%s: %d %s, paused until %q, %v", tt.who, w.Code, w.Body, rec.Pause.Until, err)
		}
	}
	acts, err := s.cfg.Store.Acts(t.Context(), "", 0)
	if err != nil || len(acts) != 2 || acts[0].Way != "one-click" {
		t.Errorf("%v, %v", acts, err)
	}
	// A stand-in ends only what it gets in the other's place.
	address := actFrom(token.Unsubscribe, "vilar", "vikarie@example.org", "", now.Add(-time.Hour))
	if w := post(t, s, address, url.Values{"List-Unsubscribe": {"One-Click"}}); w.Code != http.StatusOK {
		t.Errorf("a stand-in: %d %s", w.Code, w.Body)
	}
	if r, err := s.cfg.Store.Recipient(t.Context(), "vilar"); err != nil || r.Pause != (subscription.Pause{Until: "2026-09-01"}) {
		t.Errorf("paused %+v, %v", r.Pause, err)
	}
	// One click does nothing but this.
	if w := post(t, s, act(token.Pause, "vilar", ""), url.Values{"List-Unsubscribe": {"One-Click"}}); w.Code != http.StatusSeeOther {
		t.Errorf("one click on another link: %d", w.Code)
	}
}

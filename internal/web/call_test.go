package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/store"
)

// Kept documents come from outside: none is ever a page of ours.
func TestOriginals(t *testing.T) {
	t.Parallel()
	s := site(t)
	for part, want := range map[string]struct{ media, disposition string }{
		"1": {"text/plain; charset=utf-8", `inline; filename="ft-portal-RAIL-1.json"`},
		"2": {"text/plain; charset=iso-8859-1", `inline; filename="ft-portal-RAIL-1.html"`},
		"3": {"application/octet-stream", `attachment; filename="ft-portal-RAIL-1.pdf"`},
		"4": {"application/octet-stream", `attachment; filename="ft-portal-RAIL-1.bin"`},
	} {
		address := "/original/ft-portal/RAIL-1?version=2&part=" + part
		w := get(t, s, address)
		h := w.Header()
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), script) {
			t.Errorf("%s: %d %q", address, w.Code, w.Body)
		}
		if h.Get("Content-Type") != want.media || h.Get("Content-Disposition") != want.disposition {
			t.Errorf("%s: %q, %q", address, h.Get("Content-Type"), h.Get("Content-Disposition"))
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'; sandbox") {
			t.Errorf("%s: %v", address, h)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		r.Header.Set("If-None-Match", h.Get("ETag"))
		again := httptest.NewRecorder()
		if s.ServeHTTP(again, r); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s asked again: %d", address, again.Code)
		}
	}
	for _, q := range []string{"", "?version=2", "?version=2&part=0", "?version=2&part=5", "?version=0&part=1", "?version=3&part=1", "?version=-1&part=x", "?version=1&part=1"} {
		if w := get(t, s, "/original/ft-portal/RAIL-1"+q); w.Code != http.StatusNotFound {
			t.Errorf("%q: %d", q, w.Code)
		}
	}
	if w := get(t, s, "/original/ft-portal/NO?version=1&part=1"); w.Code != http.StatusNotFound {
		t.Errorf("of a call that is not there: %d", w.Code)
	}
}

// TestDecide walks through what an editor does on a call's page.
func TestDecide(t *testing.T) {
	t.Parallel()
	s := site(t)
	key := call.Key{Source: "ft-portal", Ref: "RAIL-1"}
	send := func(who account.Actor, form url.Values) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequestWithContext(account.With(t.Context(), who), http.MethodPost, "/decide/"+key.Path(), strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	page := document(t, getAs(t, s, editor, "/call/"+key.Path()).Body.String())
	form := page.Find("form.decide")
	if action := form.AttrOr("action", ""); action != "/decide/ft-portal/RAIL-1" || form.Find("option[selected]").AttrOr("value", "") != "kultur" {
		t.Errorf("the form goes to %q, for %q", action, form.Find("option[selected]").Text())
	}
	take := url.Values{"department": {"miljo"}, "choice": {"act"}, "why": {" hör  till\n oss "}}
	for name, tt := range map[string]struct {
		who  account.Actor
		form url.Values
		want int
	}{
		"somebody unknown": {account.Actor{}, take, http.StatusUnauthorized},
		"a reader":         {account.Actor{ID: "lisa", Role: account.Reader}, take, http.StatusForbidden},
		"no department":    {editor, url.Values{"choice": {"act"}}, http.StatusBadRequest},
		"another's plan":   {editor, url.Values{"choice": {"act"}, "department": {"x"}}, http.StatusBadRequest},
		"no choice":        {editor, url.Values{"department": {"miljo"}, "choice": {"maybe"}}, http.StatusBadRequest},
		"no text":          {editor, url.Values{"department": {"miljo"}, "choice": {"act"}, "why": {"a\x00b"}}, http.StatusBadRequest},
	} {
		if w := send(tt.who, tt.form); w.Code != tt.want {
			t.Errorf("%s: %d, want %d", name, w.Code, tt.want)
		}
	}
	if w := send(editor, url.Values{"department": {"miljo"}, "choice": {"not-relevant"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/call/ft-portal/RAIL-1?wrong=miljo#decisions" {
		t.Errorf("without a reason: %d to %s", w.Code, w.Header().Get("Location"))
	}
	again := document(t, getAs(t, s, editor, "/call/ft-portal/RAIL-1?wrong=miljo").Body.String()).Find("form.decide")
	if d, c := again.Find("option[selected]").AttrOr("value", ""), again.Find("input[checked]").AttrOr("value", ""); d != "miljo" || c != "not-relevant" {
		t.Errorf("the form comes again for %s, %s", d, c)
	}
	if ds, err := s.cfg.Store.DecisionsOf(t.Context(), key); err != nil || len(ds) > 0 {
		t.Fatalf("something was kept: %v, %v", ds, err)
	}
	if w := send(editor, take); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/call/ft-portal/RAIL-1#decisions" {
		t.Errorf("taken: %d to %s", w.Code, w.Header().Get("Location"))
	}
	if text := plain(get(t, s, "/call/"+key.Path()).Body.String()); !strings.Contains(text, "Miljökontoret tar den: hör till oss tisdag 28 juli 2026") || strings.Contains(text, "Eva") {
		t.Errorf("a reader sees: %s", text)
	}
	if text := plain(getAs(t, s, editor, "/call/"+key.Path()).Body.String()); !strings.Contains(text, "tisdag 28 juli 2026, Eva") {
		t.Errorf("an editor sees: %s", text)
	}
	log, err := s.cfg.Store.AuditLog(t.Context(), store.AuditFilter{})
	if err != nil || len(log) != 1 {
		t.Fatalf("audit log: %v, %v", log, err)
	}
	log[0].ID, log[0].At = 0, log[0].At.Truncate(0)
	want := store.Entry{At: now.UTC(), Who: "eva", Way: store.WayWeb, What: "decision.set", On: "ft-portal/RAIL-1", Detail: "act for department miljo"}
	if d := cmp.Diff(want, log[0]); d != "" {
		t.Errorf("audit log (-want +got):\n%s", d)
	}
	send(editor, url.Values{"department": {"miljo"}, "choice": {"none"}})
	if text := plain(get(t, s, "/call/"+key.Path()).Body.String()); !strings.Contains(text, "Ingen har beslutat något än.") {
		t.Errorf("taken back, a reader sees: %s", text)
	}
}

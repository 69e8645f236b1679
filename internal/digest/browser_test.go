package digest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"utkik/internal/web/browsertest"
)

// TestMailsInBrowser looks at mails in a real browser, in light and dark, as wide as a mail program shows them and as a
// telephone does: axe-core finds nothing that stands in the way of a reader, nothing has to be scrolled sideways, and nothing
// is loaded. With UTKIK_TEST_SHOTS, the pictures are kept in that folder.
func TestMailsInBrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.Needs(t, "the mails")
	mails := map[string][]byte{}
	for name, d := range map[string]Digest{
		"normal": build(t, normalDay()), "broken": build(t, brokenDay()), "empty": build(t, emptyDay()), "hostile": build(t, hostileDay()),
		"soon": build(t, soon("https://utkik.example.org/")), "reader": acting(t, false), "reminder": acting(t, true),
	} {
		html, err := HTML(d)
		if err != nil {
			t.Fatal(err)
		}
		mails["/"+name] = html
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/favicon.ico" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = w.Write(mails[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	for _, scheme := range browsertest.Schemes() {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			tab := browser.Open(t, scheme)
			for path := range mails {
				tab.Look(t, browsertest.Page{Name: "mail-" + path[1:], Address: server.URL + path, Widths: []int64{320, 600}, Mail: true})
			}
		})
	}
}

// acting is a mail in which a reader can act on everything, and is reminded.
func acting(t *testing.T, only bool) Digest {
	in := linkedTo(normalDay())
	r := reminding(in)
	r.Only, r.Foot = only, Foot{Unsubscribe: "https://utkik.example.org/a/u", Pause: "https://utkik.example.org/a/p"}
	return read(t, in, r, "sv")
}

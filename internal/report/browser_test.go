package report

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"utkik/internal/web/browsertest"
)

// paper is how wide A4 on its side is between the page's margins, in pixels.
const paper = (297 - 2*12) * 96 * 10 / 254

// TestReportInBrowser looks at the page in a real browser, as wide as a telephone and a desk: axe-core finds nothing that
// stands in the way of a reader, and nothing but its tables has to be scrolled sideways; on paper nothing is cut.
func TestReportInBrowser(t *testing.T) {
	t.Parallel()
	browser := browsertest.Needs(t, "the reports")
	empty := fixture(t)
	empty.Items, empty.Decisions, empty.Sources, empty.Plan.Networks = nil, nil, nil, nil
	english := fixture(t)
	english.Language = "en"
	pages := map[string][]byte{}
	for name, in := range map[string]Input{"swedish": fixture(t), "english": english, "empty": empty} {
		page, err := HTML(built(t, in))
		if err != nil {
			t.Fatal(err)
		}
		pages["/"+name] = page
		pages["/paper-"+name] = bytes.Replace(page, []byte("@media print"), []byte("@media all"), 1)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/favicon.ico" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = w.Write(pages[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	tab := browser.Open(t, "light")
	for path := range pages {
		widths := []int64{320, 1200}
		if strings.HasPrefix(path, "/paper-") {
			widths = []int64{paper}
		}
		tab.Look(t, browsertest.Page{Name: "report-" + path[1:], Address: server.URL + path, Widths: widths})
	}
}

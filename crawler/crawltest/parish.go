package crawltest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Parish answers as a portal whose list leads to a page for each of its items, by which such sources are shared out.
func Parish(items int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/item/"))
		switch {
		case r.URL.Path == "/list":
			for i := range items {
				fmt.Fprintf(w, "<article><h3><a href='/item/%d'>Stöd till byalag nummer %d</a></h3></article>", i, i)
			}
		case err == nil && n >= 0 && n < items:
			fmt.Fprintf(w, "<main>Byalag nummer %d kan söka. Sista ansökningsdag: 2027-03-%02d</main>", n, n%28+1)
		default:
			http.NotFound(w, r)
		}
	})
}

// ParishSource is the file of the source byalag, which reads a [Parish] at that address in batches of so many pages.
func ParishSource(address string, every time.Duration, batch int) []byte {
	return fmt.Appendf(nil, `id: byalag
kind: htmllist
name: Byalagens stöd
home: https://example.org/
language: sv
zone: Europe/Stockholm
address: {list: %q}
every: %s
delay: 0s
batch: %d
expect: {min_items: 1}
rules:
  items: {select: article}
  fields:
    - {name: title, select: h3}
    - {name: url, select: h3 a, attribute: href}
  detail:
    text: main
    fields:
      - {name: deadlines, pattern: 'ansökningsdag: (\d{4}-\d\d-\d\d)'}
`, address+"/list", every, batch)
}

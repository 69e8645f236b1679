package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"utkik/internal/demo"
)

// Two machines read two sources of one host: together they ask it no faster than one may, and for its robots.txt once a
// day.
func TestPaceTogether(t *testing.T) {
	t.Parallel()
	const pace = 80 * time.Millisecond
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			where := ""
			if engine == "postgres" {
				where = "store: {url: \"" + pg.URL(t) + "\"}\n"
			}
			portal := demo.New()
			var mu sync.Mutex
			var asked []time.Time
			robots := 0
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked = append(asked, time.Now())
				if r.URL.Path == "/robots.txt" {
					robots++
				}
				mu.Unlock()
				portal.ServeHTTP(w, r)
			}))
			defer site.Close()
			text := fmt.Sprintf("sources:\n  - {id: ft-portal, base: %[1]q, min_items: 20}\n  - {id: have-your-say, base: %[1]q, min_items: 5}\n"+
				"crawler: {only: \"ft-portal have-your-say\", allow_private: true, delay: %s}\n", site.URL, pace)
			file := configure(t, text+where)
			var machines sync.WaitGroup
			for _, source := range []string{"ft-portal", "have-your-say"} {
				a := installation(t, file, portal.Days()[0])
				machines.Go(func() {
					defer closeApp(t, a)
					for range 2 {
						if lines, err := a.Crawl(t.Context(), []string{source}); err != nil || !lines[0].OK() {
							t.Errorf("%s: %+v, %v", source, lines, err)
						}
					}
				})
			}
			machines.Wait()
			slices.SortFunc(asked, time.Time.Compare)
			// A request may be held up on its way to the server, and so come nearer to the next; all of them together may not.
			near := 0
			for i := 1; i < len(asked); i++ {
				if asked[i].Sub(asked[i-1]) < pace/2 {
					near++
				}
			}
			if least, took := time.Duration(len(asked)-1)*pace, asked[len(asked)-1].Sub(asked[0]); took < least-pace || near > len(asked)/3 {
				t.Errorf("%d requests in %s, want at least %s; %d came too near to the one before", len(asked), took, least, near)
			}
			if len(asked) < 30 || robots > 2 { // both may ask at first
				t.Errorf("%d requests, of them %d for robots.txt", len(asked), robots)
			}
		})
	}
}

package app_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"utkik/internal/app"
	"utkik/internal/store/storetest"
)

var pg storetest.Server

func TestMain(m *testing.M) {
	code := m.Run()
	pg.Stop()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if code == 0 {
		// Bleve starts its workers once, when the program does.
		if err := goleak.Find(goleak.IgnoreTopFunction("github.com/blevesearch/bleve_index_api.AnalysisWorker")); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	os.Exit(code)
}

// serve lets an installation serve until the test asks it to stop; it must end well.
func serve(t *testing.T, a *app.App, roles string) (page string, stop func()) {
	t.Helper()
	r, err := app.ParseRoles(roles)
	if err != nil {
		t.Fatal(err)
	}
	var l net.Listener
	if r.Has(app.Web) {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		page = "http://" + l.Addr().String()
	}
	return page, serveOn(t, a, l, r)
}

// serveOn lets an installation serve on a listener, which is nil for one without pages.
func serveOn(t *testing.T, a *app.App, l net.Listener, r app.Roles) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx, l, r) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve as %s: %v", r, err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// until asks again until it is so: what goes on in the background has no other sign.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(time.Minute); !so(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// Three machines, each with a role of its own, do together what one does alone.
func TestServeTogether(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day := portal.Days()[0]
	url := pg.URL(t)
	machine := func() *app.App {
		t.Helper()
		a := installation(t, configure(t, text+"store: {url: \""+url+"\"}\n"), day)
		t.Cleanup(func() { closeApp(t, a) })
		return a
	}
	web, worker := machine(), machine()
	page, stopWeb := serve(t, web, "web")
	_, stopMail := serve(t, machine(), "mail")
	jobs := func(state, kind string) (n int) {
		all, err := web.Jobs(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range all {
			if string(j.State) == state && j.Kind == kind {
				n++
			}
		}
		return n
	}
	until(t, "crawls are queued by the machine that does not crawl", func() bool { return jobs("queued", "crawl") == 2 })
	_, stopWorker := serve(t, worker, "crawl")
	until(t, "crawls are done by the machine that crawls", func() bool { return jobs("done", "crawl") == 2 })
	until(t, "the page shows what another machine read", func() bool {
		resp, err := http.Get(page + "/?q=tourism")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b strings.Builder
		if err := resp.Write(&b); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(b.String(), "/call/ft-portal/50563532TOPICS")
	})
	until(t, "digests are written", func() bool {
		ds, err := web.Store.Digests(t.Context(), "", 0)
		return err == nil && len(ds) == len(web.Plan.Departments)
	})
	stopWorker()
	stopMail()
	stopWeb()
	runs, err := web.Store.Runs(t.Context(), "", 0)
	if err != nil || len(runs) != 2 {
		t.Errorf("%d runs, %v, want 2", len(runs), err)
	}
	for _, r := range runs {
		if !r.Complete || r.Error != "" {
			t.Errorf("%s: %+v", r.Source, r)
		}
	}
}

// Stopped in the midst of a crawl, it ends in order and soon; the next one does the work.
func TestServeStopped(t *testing.T) {
	t.Parallel()
	portal, text := watching(t)
	day := portal.Days()[0]
	file := configure(t, strings.Replace(text, "delay: 0s", "delay: 1h", 1))
	a := installation(t, file, day)
	_, stop := serve(t, a, "crawl")
	until(t, "a crawl is going on", func() bool {
		runs, err := a.Store.Runs(t.Context(), "", 0)
		return err == nil && len(runs) == 2
	})
	begun := time.Now()
	stop()
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("it ended after %s", took)
	}
	all, err := a.Jobs(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range all {
		if j.Kind == "crawl" && j.State != "waiting" && j.State != "queued" {
			t.Errorf("job %+v", j)
		}
	}
	closeApp(t, a)
	said, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(said), "delay: 1h", "delay: 0s", 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	a = installation(t, file, day)
	_, stop = serve(t, a, "web,crawl,mail")
	until(t, "what was cut is done", func() bool {
		runs, err := a.Store.Runs(t.Context(), "", 0)
		n := 0
		for _, r := range runs {
			if r.Complete {
				n++
			}
		}
		return err == nil && n == 2
	})
	stop()
	closeApp(t, a)
}

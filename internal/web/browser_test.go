package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"utkik/internal/token"
)

// TestInBrowser looks at the pages in a real browser, in light and dark, in both languages, on a telephone, a tablet and a
// desk: axe-core finds nothing that stands in the way of a reader, nothing has to be scrolled sideways, and nothing is
// loaded from elsewhere.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	browser, axe := needs(t)
	server := httptest.NewServer(site(t))
	t.Cleanup(server.Close)
	widths := []int64{320, 768, 1280}
	addresses := []struct {
		name, address string
		languages     []string
		widths        []int64
	}{
		{"first page", "/", languages, widths},
		{"hits", query("q", "rail", "status", "open", "sort", "deadline"), languages, widths},
		{"no hits", query("q", "rail", "kind", "news"), languages, widths},
		{"wrong query", query("q", `"open quote`), languages, widths},
		{"call", "/call/ft-portal/RAIL-1", languages, widths},
		{"missing call", "/call/ft-portal/NO", languages, widths},
		{"a link to follow", act(token.Follow, "kultur", "RAIL-1"), languages[:1], widths[:1]},
		{"a link to decline, refused", act(token.NotRelevant, "kultur", "RAIL-1") + "?wrong=1", languages, widths[:2]},
		{"a link to pause", act(token.Pause, "kultur", ""), languages[:1], widths[:1]},
		{"a link that was followed", act(token.Take, "kultur", "BULK-00"), languages[:1], widths[:1]},
		{"a link to the choices", act(token.Answer, "kultur", "LONG"), languages[:1], widths},
		{"feeds", "/feeds", languages, widths},
		{"a damaged link", "/act/x", languages[:1], widths[:1]},
		{"hostile call", "/call/ft-portal/HOSTILE", languages[:1], widths[:1]},
		{"long call", "/call/ft-portal/LONG", languages[:1], widths[:1]},
	}
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			tab := open(t, browser, scheme)
			for _, a := range addresses {
				for _, lang := range a.languages {
					look(t, tab, axe, scheme, a.name+" "+lang, server.URL+in(lang, a.address), a.widths)
				}
			}
		})
	}
}

// look examines one page at those widths of the window.
func look(t *testing.T, tab context.Context, axe, scheme, name, address string, widths []int64) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](axe+";true")); err != nil {
		t.Fatalf("%s: axe: %v", name, err)
	}
	for _, width := range widths {
		if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 800)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		raw, err := chromedp.Run(tab, chromedp.Evaluate[string](examine, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s at %d: %v", name, width, err)
		}
		var found struct {
			Width, Content int64
			Folded         bool
			Dark           bool
			Styles         int
			Foreign        []string
			Rules          int
			Violations     []string
		}
		if err := json.Unmarshal([]byte(raw), &found); err != nil {
			t.Fatalf("%s at %d: %v", name, width, err)
		}
		at := fmt.Sprintf("%s, %s, %d px", name, scheme, width)
		if found.Width != width || found.Content > found.Width {
			t.Errorf("%s: content is %d px wide in a window of %d", at, found.Content, found.Width)
		}
		if found.Dark != (scheme == "dark") || found.Styles != 1 || found.Rules < 20 {
			t.Errorf("%s: the page was not looked at as it should: dark %v, %d style sheets, %d rules passed", at, found.Dark, found.Styles, found.Rules)
		}
		if found.Folded {
			t.Errorf("%s: the filters do not unfold", at)
		}
		if len(found.Foreign) > 0 {
			t.Errorf("%s: loaded from elsewhere: %q", at, found.Foreign)
		}
		for _, v := range found.Violations {
			t.Errorf("%s: %s", at, v)
		}
	}
}

// examine runs in the page; at small widths the filters are unfolded, so that they are looked at too.
const examine = `(async () => {
	const fold = document.getElementById("fold");
	if (fold) fold.checked = true;
	for (const d of document.querySelectorAll("details")) d.open = true;
	const found = await axe.run({
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		resultTypes: ["violations"],
	});
	const root = document.documentElement, choices = document.querySelector(".choices");
	return JSON.stringify({
		Width: root.clientWidth, Content: root.scrollWidth, Folded: !!choices && choices.offsetHeight == 0, Dark: matchMedia("(prefers-color-scheme: dark)").matches,
		Styles: document.styleSheets.length, Rules: found.passes.length,
		Foreign: performance.getEntriesByType("resource").map(r => r.name).filter(n => !n.startsWith(location.origin + "/")),
		Violations: found.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html + " (" + n.failureSummary + ")").join("; ").slice(0, 600)),
	});
})()`

// open starts a browser of its own for a colour scheme, and gives its tab.
func open(t *testing.T, browser, scheme string) context.Context {
	t.Helper()
	preferred := map[string]string{"dark": "0", "light": "1"}[scheme]
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browser), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("blink-settings", "preferredColorScheme="+preferred), chromedp.Flag("hide-scrollbars", true))
	bounded, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // a browser that hangs
	t.Cleanup(cancel)
	allocator, stop := chromedp.NewExecAllocator(bounded, options...)
	t.Cleanup(stop)
	tab, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	return tab
}

// needs finds the browser and axe-core's script; where one is missing the test skips, in CI it fails.
func needs(t *testing.T) (browser, axe string) {
	t.Helper()
	missing := func(what string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		missing("the pages were not looked at in a browser: chromium is missing; ./check installs it")
	}
	path := os.Getenv("UTKIK_TEST_AXE")
	if path == "" {
		path = filepath.FromSlash("../../.cache/node_modules/axe-core/axe.min.js")
	}
	script, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(script), "axe") {
		missing(fmt.Sprintf("the pages' accessibility was not checked: no axe-core at %s (%v); ./check installs it, UTKIK_TEST_AXE names another", path, err))
	}
	return browser, string(script)
}

package digest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestMailsInBrowser looks at mails in a real browser, in light and dark, as wide as a mail program shows them and as a
// telephone does: axe-core finds nothing that stands in the way of a reader, nothing has to be scrolled sideways, and nothing
// is loaded. With UTKIK_TEST_SHOTS, the pictures are kept in that folder.
func TestMailsInBrowser(t *testing.T) {
	t.Parallel()
	browser, axe := needs(t)
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
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			tab := open(t, browser, scheme)
			for path := range mails {
				look(t, tab, axe, scheme, server.URL, path)
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

func look(t *testing.T, tab context.Context, axe, scheme, server, path string) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(server+path)); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](axe+";true")); err != nil {
		t.Fatalf("%s: axe: %v", path, err)
	}
	for _, width := range []int64{320, 600} {
		at := fmt.Sprintf("%s, %s, %d px", path, scheme, width)
		if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 800)); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		if width != 320 { // axe-core's rules do not depend on it
			content, err := chromedp.Run(tab, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
			if err != nil || content > width {
				t.Errorf("%s: content is %d px wide: %v", at, content, err)
			}
			shoot(t, tab, path, scheme, width)
			continue
		}
		raw, err := chromedp.Run(tab, chromedp.Evaluate[string](examine, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		var found struct {
			Width, Content int64
			Dark           bool
			Foreign        []string
			Rules          int
			Violations     []string
		}
		if err := json.Unmarshal([]byte(raw), &found); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		if found.Content > found.Width {
			t.Errorf("%s: content is %d px wide in a window of %d", at, found.Content, found.Width)
		}
		if found.Dark != (scheme == "dark") || found.Rules < 10 {
			t.Errorf("%s: the mail was not looked at as it should: dark %v, %d rules passed", at, found.Dark, found.Rules)
		}
		if len(found.Foreign) > 0 {
			t.Errorf("%s: loaded: %q", at, found.Foreign)
		}
		for _, v := range found.Violations {
			t.Errorf("%s: %s", at, v)
		}
		shoot(t, tab, path, scheme, width)
	}
}

// shoot keeps a picture, where somebody wants to see it.
func shoot(t *testing.T, tab context.Context, path, scheme string, width int64) {
	t.Helper()
	dir := os.Getenv("UTKIK_TEST_SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("mail-%s-%s-%d.png", path[1:], scheme, width)), picture, 0o644)
	}
	if err != nil {
		t.Errorf("%s: picture: %v", path, err)
	}
}

// examine runs in the mail. A mail is no page of a site: it has no landmarks, which mail programs take away.
const examine = `(async () => {
	for (const d of document.querySelectorAll("details")) d.open = true;
	const found = await axe.run({
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		rules: {"landmark-one-main": {enabled: false}, "region": {enabled: false}},
		resultTypes: ["violations"],
	});
	const root = document.documentElement;
	return JSON.stringify({
		Width: root.clientWidth, Content: root.scrollWidth, Dark: matchMedia("(prefers-color-scheme: dark)").matches, Rules: found.passes.length,
		Foreign: performance.getEntriesByType("resource").map(r => r.name).filter(n => !n.endsWith("/favicon.ico")),
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
		missing("the mails were not looked at in a browser: chromium is missing; ./check installs it")
	}
	path := os.Getenv("UTKIK_TEST_AXE")
	if path == "" {
		path = filepath.FromSlash("../../.cache/node_modules/axe-core/axe.min.js")
	}
	script, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(script), "axe") {
		missing(fmt.Sprintf("the mails' accessibility was not checked: no axe-core at %s (%v); ./check installs it, UTKIK_TEST_AXE names another", path, err))
	}
	return browser, string(script)
}

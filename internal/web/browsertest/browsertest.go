// Package browsertest looks at pages and mails in a real browser, for the tests of any package: Chromium opens them as wide
// as a reader's window, axe-core looks for what stands in a reader's way, and pictures can be kept for a person to see.
package browsertest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// life bounds a browser: one that hangs must not hold the tests up for longer.
const life = 4 * time.Minute

// Schemes are the colour schemes that a reader may prefer.
func Schemes() []string { return []string{"light", "dark"} }

// Browser is where the browser and axe-core's script are on this machine.
type Browser struct {
	path string
	axe  string
}

// Needs finds the browser and axe-core's script. Where one is missing the test skips, and fails in CI. what is looked at,
// such as "the pages", stands in the reason.
func Needs(t testing.TB, what string) Browser {
	t.Helper()
	missing := func(why string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	var b Browser
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			b.path = path
			break
		}
	}
	if b.path == "" {
		missing(what + " were not looked at in a browser: chromium is missing; ./check installs it")
	}
	axe := os.Getenv("UTKIK_TEST_AXE")
	if axe == "" {
		axe = filepath.Join(root(t), ".cache", "node_modules", "axe-core", "axe.min.js")
	}
	script, err := os.ReadFile(axe)
	if err != nil || !strings.Contains(string(script), "axe") {
		missing(fmt.Sprintf("whether %s are accessible was not checked: no axe-core at %s (%v); ./check installs it, UTKIK_TEST_AXE names another", what, axe, err))
	}
	b.axe = string(script)
	return b
}

// root is the folder of the module: that of go.mod, above the folder in which a package's tests run.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		} else if !errors.Is(err, os.ErrNotExist) || at == filepath.Dir(at) {
			t.Fatalf("no go.mod above %s: %v", dir, err)
		}
	}
}

// Tab is one tab of a browser of its own.
type Tab struct {
	Context context.Context // for chromedp
	axe     string
	scheme  string
}

// Open starts a browser for a reader who prefers a colour scheme, and gives its tab.
func (b Browser) Open(t testing.TB, scheme string) *Tab {
	t.Helper()
	preferred := map[string]string{"dark": "0", "light": "1"}[scheme]
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(b.path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("blink-settings", "preferredColorScheme="+preferred), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-back-forward-cache", true)) // a page that comes back as it stood is lost to the driver
	bounded, cancel := context.WithTimeout(t.Context(), life)
	t.Cleanup(cancel)
	allocator, stop := chromedp.NewExecAllocator(bounded, options...)
	t.Cleanup(stop)
	tab, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	return &Tab{Context: tab, axe: b.axe, scheme: scheme}
}

// Page is what is looked at.
type Page struct {
	Name    string  // in the test's words, and of its pictures
	Address string  // empty: what the tab shows already, as far as a test has come with it
	Widths  []int64 // of the window, in pixels
	Colours bool    // only colours are looked at: the rest was, in another scheme
	Mail    bool    // no page of a site: it has no landmarks, which mail programs take away, and no style sheet
}

// fewestRules is how many of axe-core's rules hold at least on anything that was truly looked at.
const fewestRules = 10

// Look examines a page: axe-core finds nothing against WCAG 2.2 AA or its own good practice, nothing has to be scrolled
// sideways, the colours are those that the reader prefers, and nothing is loaded from elsewhere. What is folded is unfolded
// first. With UTKIK_TEST_SHOTS, pictures are kept in that folder.
func (b *Tab) Look(t testing.TB, p Page) {
	t.Helper()
	if p.Address != "" {
		if err := chromedp.Do(b.Context, chromedp.Navigate(p.Address)); err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
	}
	if _, err := chromedp.Run(b.Context, chromedp.Evaluate[bool](b.axe+";true")); err != nil {
		t.Fatalf("%s: axe: %v", p.Name, err)
	}
	landmarks := "{}"
	if p.Mail {
		landmarks = `{"landmark-one-main": {enabled: false}, "region": {enabled: false}}`
	}
	for i, width := range p.Widths {
		at := fmt.Sprintf("%s, %s, %d px", p.Name, b.scheme, width)
		if err := chromedp.Do(b.Context, chromedp.EmulateViewport(width, 800)); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		// What axe-core's rules say of a page depends on its width in size and place only: in full at the narrowest and the widest.
		tags := `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
		switch {
		case p.Colours:
			tags = `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`
		case i > 0 && i < len(p.Widths)-1:
			tags = `["wcag22aa"]`
		}
		raw, err := chromedp.Run(b.Context, chromedp.Evaluate[string](fmt.Sprintf(examine, tags, landmarks), chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		var found struct {
			Width, Content int64
			Folded, Dark   bool
			Wide           []string
			Styles         int
			Foreign        []string
			Rules          int
			Violations     []string
		}
		if err := json.Unmarshal([]byte(raw), &found); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		if found.Width != width || found.Content > found.Width {
			t.Errorf("%s: content is %d px wide in a window of %d: %q", at, found.Content, found.Width, found.Wide)
		}
		styles := 1
		if p.Mail {
			styles = found.Styles
		}
		if found.Dark != (b.scheme == "dark") || found.Styles != styles || strings.Contains(tags, "wcag2a\"") && found.Rules < fewestRules || found.Rules == 0 {
			t.Errorf("%s: it was not looked at as it should: dark %v, %d style sheets, %d rules passed", at, found.Dark, found.Styles, found.Rules)
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
		b.shoot(t, p.Name, width)
	}
}

// mostStops bounds how far a page is walked by keyboard: what comes after is more of the same.
const mostStops = 30

// Keys walks through a page by the Tab key, as a reader without a mouse does: the first stop leads past the navigation, each
// shows where it is and stands where it can be seen, and none holds the reader fast.
func (b *Tab) Keys(t testing.TB, p Page) {
	t.Helper()
	if err := chromedp.Do(b.Context, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(p.Address)); err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	stops, err := chromedp.Run(b.Context, chromedp.Evaluate[int](tabbable))
	if err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	before := ""
	for n := range min(stops, mostStops) {
		if err := chromedp.Do(b.Context, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		raw, err := chromedp.Run(b.Context, chromedp.Evaluate[string](focused))
		if err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		var at struct {
			HTML, Place   string
			Shown, Inside bool
			Main          bool
		}
		if err := json.Unmarshal([]byte(raw), &at); err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		switch {
		case n == 0 && !at.Main:
			t.Errorf("%s: the first stop by keyboard does not lead past the navigation: %s", p.Name, at.HTML)
		case at.Place == before && !strings.Contains(at.HTML, `type="date"`): // year, month and day are stops each
			t.Errorf("%s: stop %d holds the reader fast: %s", p.Name, n+1, at.HTML)
		case !at.Shown:
			t.Errorf("%s: stop %d does not show that it is one: %s", p.Name, n+1, at.HTML)
		case !at.Inside:
			t.Errorf("%s: stop %d is out of sight: %s", p.Name, n+1, at.HTML)
		}
		before = at.Place
	}
}

// tabbable counts what the Tab key stops at; of radio buttons of one name it is one.
const tabbable = `(() => {
	const names = new Set();
	return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")].filter(e => {
		if (e.disabled || !e.checkVisibility({visibilityProperty: true})) return false;
		if (e.type != "radio") return true;
		const seen = names.has(e.name);
		names.add(e.name);
		return !seen;
	}).length;
})()`

// focused tells of what has the focus.
const focused = `(() => {
	const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
	return JSON.stringify({
		HTML: e.outerHTML.slice(0, 160), Place: [...document.querySelectorAll("*")].indexOf(e) + "",
		Shown: e.matches(":focus-visible") && s.outlineStyle != "none" && parseFloat(s.outlineWidth) >= 1,
		Inside: r.width > 0 && r.height > 0 && r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth,
		Main: e.getAttribute("href") == "#main",
	});
})()`

// shoot keeps a picture, where somebody wants to see it.
func (b *Tab) shoot(t testing.TB, name string, width int64) {
	t.Helper()
	dir := os.Getenv("UTKIK_TEST_SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.Context, chromedp.FullScreenshot(100))
	if err == nil {
		file := strings.NewReplacer("/", "_", " ", "-", "?", "_", "&", "_", "%", "_").Replace(strings.Trim(name, "/"))
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", cmp.Or(file, "first"), b.scheme, width)), picture, 0o644)
	}
	if err != nil {
		t.Errorf("%s: picture: %v", name, err)
	}
}

// examine runs in the page.
const examine = `(async () => {
	const fold = document.getElementById("fold");
	if (fold) fold.checked = true;
	for (const d of document.querySelectorAll("details")) d.open = true;
	const found = await axe.run({runOnly: %s, rules: %s, resultTypes: ["violations"]});
	const root = document.documentElement, choices = document.querySelector(".choices");
	const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > root.clientWidth + 1);
	return JSON.stringify({
		Width: root.clientWidth, Content: root.scrollWidth, Wide: wide.slice(0, 3).map(e => e.outerHTML.slice(0, 120)),
		Folded: !!choices && choices.offsetHeight == 0, Dark: matchMedia("(prefers-color-scheme: dark)").matches,
		Styles: document.styleSheets.length, Rules: found.passes.length,
		Foreign: performance.getEntriesByType("resource").map(r => r.name).filter(n => !n.startsWith(location.origin + "/")),
		Violations: found.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html + " (" + n.failureSummary + ")").join("; ").slice(0, 600)),
	});
})()`

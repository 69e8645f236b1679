package crawler

import (
	"testing"
	"time"
)

func TestAgentToken(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"utkik/1.0 (+mailto:eu@region.example)": "utkik", "utkik (+x/y)": "utkik", "utkik": "utkik"} {
		if got := agent(in); got != want {
			t.Errorf("agent(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzRobots looks for a robots.txt that cannot be read: none may panic, and every one has an answer and a
// delay that is no longer than we wait.
func FuzzRobots(f *testing.F) {
	for _, s := range []string{"", "User-agent: *\nDisallow: /\n", "User-agent:utkik\rCrawl-delay: 1e99\rAllow: /*a$", "\ufeffDisallow: x\n: \nuser-agent\n", "User-agent: *\nDisallow: /[\\\n"} {
		f.Add([]byte(s), "/list?a=b")
	}
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		g := parseRobots(body).FindGroup("utkik")
		g.Test(path)
		if g.CrawlDelay < 0 || g.CrawlDelay > maxCrawlDelay+time.Second {
			t.Errorf("Crawl-delay %s", g.CrawlDelay)
		}
	})
}

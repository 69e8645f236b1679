// Package archtest holds the rules of the house as tests: who may import whom, and what no room does.
// ARCHITECTURE.md draws the same arrows for people.
package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// arrow allows or forbids the imports of one pattern by the rooms of another. A pattern is a path, or the
// beginning of one with /... for it and everything under it; * stands for one element. Paths of ours
// stand without "utkik/". "std" is the standard library, "ours" every room, "any" everything.
type arrow struct {
	from, to string
	allowed  bool
	why      string
}

const (
	yes = true
	no  = false
)

// arrows are read from the top; the first that fits decides. They bind the program, not its tests.
var arrows = []arrow{
	// Libraries with one owner: what is known in one place can be changed in one place.
	{"crawler", "github.com/gocolly/colly/...", yes, "the engine"},
	{"any", "github.com/gocolly/colly/...", no, "colly is the crawler's engine, not our vocabulary"},
	{"index", "github.com/blevesearch/...", yes, "the index"},
	{"any", "github.com/blevesearch/...", no, "no Bleve type leaves the index, which can be thrown away"},
	{"internal/store/storetest", "std", yes, "a server for tests"},
	{"internal/store/storetest", "github.com/jackc/pgx/...", yes, "a server for tests"},
	{"any", "internal/store/storetest", no, "belongs to tests"},
	{"internal/sitetest", "internal/store", yes, "what stands behind the tests of a surface"},
	{"internal/sitetest", "internal/plan", yes, "what stands behind the tests of a surface"},
	{"internal/sitetest", "index", yes, "what stands behind the tests of a surface"},
	{"any", "internal/sitetest", no, "belongs to tests"},
	{"internal/store", "modernc.org/sqlite/...", yes, "the store"},
	{"internal/store", "github.com/jackc/pgx/...", yes, "the store"},
	{"internal/store", "github.com/pressly/goose/...", yes, "the store's migrations"},
	{"internal/jobs", "github.com/riverqueue/...", yes, "the queue of jobs"},
	{"any", "github.com/riverqueue/...", no, "a job is a kind, a key and a function; the queue is internal/jobs' own"},
	{"internal/jobs", "github.com/jackc/pgx/v5", yes, "names the transactions that river is handed; the store makes them"},
	{"internal/jobs", "database/sql", yes, "names the transactions that river is handed; the store makes them"},
	{"any", "modernc.org/sqlite/...", no, "SQL is spoken by the store alone"},
	{"any", "github.com/jackc/pgx/...", no, "SQL is spoken by the store alone"},
	{"any", "github.com/pressly/goose/...", no, "SQL is spoken by the store alone"},
	{"internal/store", "database/sql/...", yes, "the store"},
	{"any", "database/sql/...", no, "SQL is spoken by the store alone"},
	{"config", "github.com/spf13/viper/...", yes, "the layers of the configuration"},
	{"any", "github.com/spf13/viper/...", no, "what is configured is handed over as plain values"},
	{"cmd/...", "github.com/spf13/cobra/...", yes, "the command line"},
	{"any", "github.com/spf13/cobra/...", no, "a room does not know that it was called from a command line"},
	{"internal/mail", "github.com/wneessen/go-mail/...", yes, "SMTP"},
	{"any", "github.com/wneessen/go-mail/...", no, "mail leaves through internal/mail, behind the outbox"},
	{"internal/mail", "github.com/emersion/go-msgauth/...", yes, "DKIM"},
	{"any", "github.com/emersion/...", no, "signing belongs to internal/mail, the rest to tests"},
	{"crawler/feed", "github.com/mmcdole/gofeed/...", yes, "reads feeds"},
	{"any", "github.com/mmcdole/gofeed/...", no, "a feed is one shape of source among others"},
	{"internal/metrics", "github.com/prometheus/client_golang/...", yes, "the metrics"},
	{"any", "github.com/prometheus/...", no, "what is measured is told to internal/metrics"},
	{"internal/door", "github.com/coreos/go-oidc/...", yes, "the organisation's own sign-in"},
	{"internal/door", "golang.org/x/oauth2", yes, "the same"},
	{"any", "github.com/coreos/go-oidc/...", no, "who asks is found out at the door"},
	{"any", "golang.org/x/oauth2/...", no, "who asks is found out at the door"},
	{"any", "github.com/zitadel/...", no, "belongs to tests"},
	{"any", "github.com/go-jose/...", no, "belongs to tests"},
	{"any", "github.com/google/go-cmp/...", no, "belongs to tests"},
	{"any", "github.com/google/jsonschema-go/...", no, "belongs to tests"},
	{"internal/web/browsertest", "std", yes, "a browser for tests"},
	{"internal/web/browsertest", "github.com/chromedp/...", yes, "a browser for tests"},
	{"any", "internal/web/browsertest", no, "belongs to tests"},
	{"any", "github.com/chromedp/...", no, "belongs to tests"},
	{"any", "go.uber.org/goleak", no, "belongs to tests"},
	{"any", "pgregory.net/rapid", no, "belongs to tests"},

	// Vocabulary: leaves that everybody may lean on.
	{"internal/call", "std", yes, "vocabulary"},
	{"internal/call", "any", no, "vocabulary imports the standard library only"},
	{"internal/plan", "std", yes, "vocabulary"},
	{"internal/plan", "any", no, "vocabulary imports the standard library only"},
	{"internal/text", "internal/call", yes, "a date in a text becomes a call's deadline"},
	{"internal/text", "golang.org/x/text/...", yes, "the Go project's own tables of Unicode"},
	{"internal/text", "golang.org/x/net/html/...", yes, "reads HTML as browsers do; a reader of our own would be fooled"},
	{"internal/text", "github.com/microcosm-cc/bluemonday", yes, "sanitises HTML by a list of what is allowed; the one place that does"},
	{"any", "github.com/microcosm-cc/bluemonday", no, "HTML from outside is made safe in internal/text"},
	{"internal/text", "std", yes, "vocabulary"},
	{"internal/text", "any", no, "vocabulary leans on nothing of ours but call, and on no library without need"},

	{"internal/diff", "github.com/aymanbagabas/go-udiff/lcs", yes, "finds the fewest changes"},
	{"any", "github.com/aymanbagabas/...", no, "texts are compared word by word, in one place"},
	{"internal/diff", "std", yes, "compares texts"},
	{"internal/diff", "any", no, "what differs between two texts is a pure question of the two"},

	{"internal/account", "std", yes, "vocabulary"},
	{"internal/account", "any", no, "vocabulary: how somebody is known is decided at the door"},

	{"internal/trace", "std", yes, "vocabulary"},
	{"internal/trace", "any", no, "whoever does a piece of work can name it"},

	{"internal/subscription", "internal/call", yes, "what is followed and decided about"},
	{"internal/subscription", "std", yes, "vocabulary"},
	{"internal/subscription", "any", no, "vocabulary with rules: it is handed what it does not know"},

	{"internal/token", "crypto/rand", yes, "keys and secret names are made in one place"},
	{"any", "crypto/rand", no, "what cannot be guessed is made by internal/token; all else is derived"},
	{"internal/token", "internal/call", yes, "what is acted upon"},
	{"internal/token", "std", yes, "seals and opens"},
	{"internal/token", "any", no, "a token is a pure matter of keys and time"},
	{"internal/feed", "internal/call", yes, "deadlines"},
	{"internal/feed", "ours", no, "a feed is a pure function of what it is handed"},

	// The crawler: kinds see the contract, the engine sees kinds, and neither sees a store.
	{"crawler/kind", "internal/call", yes, "what an item is"},
	{"crawler/kind", "std", yes, "the contract"},
	{"crawler/kind", "any", no, "the contract is types only: both sides see it"},
	{"crawler/crawltest", "crawler/...", yes, "the exam plays the crawler"},
	{"crawler/*", "crawler/listing", yes, "the rules that kinds configured by data share"},
	{"crawler/*", "crawler/kind", yes, "the contract"},
	{"crawler/*", "internal/call", yes, "what an item is"},
	{"crawler/*", "internal/text", yes, "dates, amounts, HTML to text"},
	{"crawler/crawltest", "any", yes, "it belongs to tests"},
	{"crawler/*", "ours", no, "a kind is pure: it is handed documents and answers with calls"},
	{"crawler/*", "net", no, "a kind has no network"},
	{"crawler/*", "os/...", no, "a kind has no files"},
	{"crawler/*", "log/...", no, "a kind has no logger: what an operator should know is a note"},
	{"crawler/*", "math/rand/...", no, "a kind answers the same twice"},
	{"crawler", "crawler/...", yes, "kinds.go lists the kinds"},
	{"crawler", "internal/call", yes, "what an item is"},
	{"crawler", "internal/text", yes, "dates, amounts, HTML to text"},
	{"crawler", "ours", no, "the crawler hands over what it found; it does not know who keeps it"},

	// Configuration, and the stages with their cursors.
	{"config", "crawler/kind", yes, "a source is data for a kind"},
	{"config", "crawler/listing", yes, "a source's rules are compiled as they are read, so that a mistake is told with its line"},
	{"config", "internal/plan", yes, "a plan is data for the matcher"},
	{"config", "internal/call", yes, "a plan's exceptions name calls"},
	{"config", "internal/account", yes, "roles are named in the configuration"},
	{"config", "internal/subscription", yes, "a recipients' file is data for the store"},
	{"config", "internal/text", yes, "the known word that a mistyped one is nearest to"},
	{"config", "ours", no, "configuration is read before anything else runs"},
	{"internal/store", "crawler/kind", yes, "documents are kept as they came"},
	{"internal/store", "internal/call", yes, "calls and versions"},
	{"internal/store", "internal/match", yes, "matches are kept with their reasons"},
	{"internal/store", "internal/link", yes, "links are kept with their reasons, and what is one comes of them"},
	{"internal/store", "internal/subscription", yes, "recipients, and what was decided"},
	{"internal/store", "internal/watch", yes, "what listings hold is kept"},
	{"internal/store", "internal/trace", yes, "a run is kept with what names its lines"},
	{"internal/store", "ours", no, "the store knows nobody who uses it"},
	{"internal/schedule", "std", yes, "days and hours"},
	{"internal/schedule", "any", no, "what is due at a time is a pure question"},
	{"internal/jobs", "internal/store", yes, "the queue lives in the store's database"},
	{"internal/jobs", "internal/trace", yes, "names the work of a job"},
	{"internal/jobs", "ours", no, "the queue knows nothing of the work: app hands it functions"},
	{"internal/intake", "internal/call", yes, "compares calls"},
	{"internal/intake", "crawler/kind", yes, "reads items"},
	{"internal/intake", "crawler", yes, "reads the report of a run"},
	{"internal/intake", "internal/store", yes, "saves what changed"},
	{"internal/intake", "internal/watch", yes, "a run is compared with earlier ones"},
	{"internal/intake", "ours", no, "intake stands between crawler and store"},
	{"internal/watch", "internal/call", yes, "days are local to Brussels"},
	{"internal/watch", "crawler/kind", yes, "sources, items and the classes of faults"},
	{"internal/watch", "ours", no, "how a source stands is a pure function of its runs"},
	{"index", "internal/call", yes, "indexes calls"},
	{"index", "internal/text", yes, "words"},
	{"index", "ours", no, "the index is fed through its own small interface, so that it can be filled from anything"},
	{"internal/match", "internal/call", yes, "weighs calls"},
	{"internal/match", "internal/plan", yes, "against a plan"},
	{"internal/match", "internal/text", yes, "words"},
	{"internal/match", "ours", no, "the matcher is a pure function of a call and a plan"},
	{"internal/vocabulary", "internal/plan", yes, "lends words to a plan"},
	{"internal/vocabulary", "internal/text", yes, "words"},
	{"internal/vocabulary", "ours", no, "a table of concepts is data beside a plan: whoever weighs is handed a plan and knows no table"},
	{"internal/digest", "internal/call", yes, "tells of calls"},
	{"internal/digest", "internal/plan", yes, "to departments"},
	{"internal/digest", "internal/match", yes, "with reasons"},
	{"internal/digest", "internal/text", yes, "words"},
	{"internal/digest", "internal/link", yes, "where sources are at odds about a call"},
	{"internal/digest", "internal/watch", yes, "how sources stand"},
	{"internal/digest", "internal/token", yes, "where links of a reader's own will stand"},
	{"internal/digest", "internal/subscription", yes, "and to readers who follow several things"},
	{"internal/digest", "ours", no, "a digest is a pure function of what it is handed"},
	{"internal/report", "internal/call", yes, "counts calls"},
	{"internal/report", "internal/plan", yes, "by priority"},
	{"internal/report", "internal/subscription", yes, "with what was decided"},
	{"internal/report", "internal/watch", yes, "and how sources stood"},
	{"internal/report", "crawler/kind", yes, "sources"},
	{"internal/report", "ours", no, "a report is a pure function of what it is handed"},
	{"internal/outbox", "internal/store", yes, "takes mails, and records what came of them"},
	{"internal/outbox", "ours", no, "what a mail says was decided when it was written"},
	{"internal/outbox/outboxtest", "internal/outbox", yes, "the exam of a sender"},
	{"internal/mail", "internal/outbox", yes, "is a sender"},
	{"internal/mail", "ours", no, "a mail is handed over as plain values"},
	{"internal/link", "internal/call", yes, "compares calls"},
	{"internal/link", "internal/text", yes, "words"},
	{"internal/link", "ours", no, "whether two calls are one is a pure question of the two"},
	{"internal/survey", "internal/text", yes, "days in a page"},
	{"internal/survey", "crawler/kind", yes, "drafts the rules of a source"},
	{"internal/survey", "ours", no, "a look at a page is a pure function of the page"},
	{"internal/demo", "internal/call", yes, "the samples' vocabulary"},
	{"internal/draft", "internal/text", yes, "reads documents"},
	{"internal/vocabulary", "internal/plan", yes, "lends words to a plan's terms"},
	{"internal/vocabulary", "internal/text", yes, "words"},
	{"internal/demo", "ours", no, "the sample portals stand outside the program, as real ones do"},

	// The surfaces, and what ties everything together.
	{"internal/door", "internal/account", yes, "what is found out"},
	{"internal/door", "internal/store", yes, "sessions, links and keys"},
	{"internal/door", "internal/token", yes, "seals links, and makes what cannot be guessed"},
	{"internal/door", "internal/call", yes, "a link's place is one of an act about no call"},
	{"internal/door", "ours", no, "the door knows no room behind it; app lays its pages out"},
	{"internal/web", "internal/call", yes, "shows calls"},
	{"internal/web", "internal/plan", yes, "by priority and department"},
	{"internal/web", "internal/match", yes, "with the reasons of their matches"},
	{"internal/web", "internal/link", yes, "with what other sources say of them"},
	{"internal/web", "index", yes, "asks for hits"},
	{"internal/web", "internal/store", yes, "and for everything else"},
	{"internal/web", "internal/account", yes, "who asks, and what they may do"},
	{"internal/web", "internal/subscription", yes, "what recipients follow and decide"},
	{"internal/web", "internal/token", yes, "opens the links of mails"},
	{"internal/web", "internal/feed", yes, "writes feeds and calendars"},
	{"internal/web", "crawler/kind", yes, "sources, and what was wrong with how they were read"},
	{"internal/web", "internal/watch", yes, "how sources stand"},
	{"internal/web", "internal/text", yes, "sentences"},
	{"internal/web", "internal/digest", yes, "lays out what was told, whole"},
	{"internal/web", "internal/diff", yes, "tells what changed in a text"},
	{"internal/web", "ours", no, "the page shows the stages; app starts it"},
	{"internal/metrics", "ours", no, "what is measured is handed over as plain values"},
	{"internal/backup", "ours", no, "an archive knows nothing of what is in it"},
	{"internal/doctor", "ours", no, "what is looked at is handed over as plain values"},
	{"internal/api", "github.com/danielgtaylor/huma/...", yes, "reads requests and describes itself"},
	{"any", "github.com/danielgtaylor/huma/...", no, "the interface for programs is internal/api's own"},
	{"internal/api", "internal/call", yes, "hands out calls in the exchange format"},
	{"internal/api", "internal/plan", yes, "by priority and department"},
	{"internal/api", "internal/match", yes, "with the reasons of their matches"},
	{"internal/api", "internal/link", yes, "with what other sources say of them"},
	{"internal/api", "internal/diff", yes, "and what differs between versions"},
	{"internal/api", "index", yes, "asks for hits"},
	{"internal/api", "internal/store", yes, "and for everything else"},
	{"internal/api", "internal/account", yes, "who asks, and what they may do"},
	{"internal/api", "internal/subscription", yes, "what recipients follow and decide"},
	{"internal/api", "internal/text", yes, "the known word that a mistyped one is nearest to"},
	{"internal/api", "ours", no, "the interface shows the stages, as the pages do; app starts it"},
	{"internal/mcp", "github.com/modelcontextprotocol/...", yes, "the protocol of language models"},
	{"any", "github.com/modelcontextprotocol/...", no, "what models ask is internal/mcp's own"},
	{"internal/mcp", "internal/call", yes, "tells of calls"},
	{"internal/mcp", "internal/plan", yes, "by priority"},
	{"internal/mcp", "internal/match", yes, "with the reasons of their matches"},
	{"internal/mcp", "index", yes, "asks for hits"},
	{"internal/mcp", "internal/store", yes, "and for everything else"},
	{"internal/mcp", "internal/text", yes, "the known word that a mistyped one is nearest to"},
	{"internal/mcp", "ours", no, "models are shown the stages, as people are; app starts it"},
	{"any", "cmd/...", no, "nobody imports a command"},
	{"internal/app", "ours", yes, "app wires everything"},
	{"cmd/...", "internal/demo", yes, "sample portals stand outside the program, as real ones do"},
	{"cmd/utkik", "internal/app", yes, "a command asks app"},
	{"cmd/utkik", "config", yes, "a command loads the configuration"},
	{"cmd/utkik", "internal/call", yes, "a type that app hands out"},
	{"cmd/utkik", "internal/plan", yes, "a type that config hands out"},
	{"cmd/utkik", "internal/match", yes, "match needs no store: it weighs what it is handed"},
	{"cmd/utkik", "internal/digest", yes, "a type that app hands out, and its renderings"},
	{"cmd/utkik", "internal/store", yes, "a type that app hands out"},
	{"cmd/utkik", "internal/link", yes, "a type that app hands out"},
	{"cmd/utkik", "internal/subscription", yes, "a type that app hands out"},
	{"cmd/utkik", "internal/outbox", yes, "a type that app hands out"},
	{"cmd/utkik", "internal/report", yes, "a type that app hands out, and its renderings"},
	{"cmd/utkik", "internal/doctor", yes, "a type that app hands out"},
	{"cmd/utkik", "internal/watch", yes, "a type that app hands out"},
	{"cmd/utkik", "crawler/kind", yes, "sources and findings, which app hands out"},
	{"cmd/utkik", "index", yes, "a type that app hands out"},
	{"cmd/utkik", "internal/mcp", yes, "a bridge needs no installation: it hands on what a model asks"},
	{"cmd/utkik", "ours", no, "a command goes through app"},

	{"any", "ours", no, "there is no arrow for it: add one to this table, with its reason, or go another way"},
	{"any", "any", yes, "a library with no owner, see CONTRIBUTING.md for its reason"},
}

// fits tells whether the pattern holds for a path. Our own paths stand without the module's name.
func fits(pattern, path string, std, ours bool) bool {
	switch pattern {
	case "any":
		return true
	case "std":
		return std
	case "ours":
		return ours
	}
	elements := strings.Split(path, "/")
	for i, want := range strings.Split(pattern, "/") {
		if want == "..." {
			return true
		}
		if i >= len(elements) || want != "*" && want != elements[i] {
			return false
		}
		if i == strings.Count(pattern, "/") {
			return len(elements) == i+1
		}
	}
	return false
}

// judge gives the arrow that decides whether the room may import the path.
func judge(room, imported string) arrow {
	path, ours := strings.CutPrefix(imported, module+"/")
	first, _, _ := strings.Cut(imported, "/")
	std := !ours && !strings.Contains(first, ".")
	at := slices.IndexFunc(arrows, func(a arrow) bool {
		return fits(a.from, room, false, true) && fits(a.to, path, std, ours)
	})
	return arrows[at] // unreachable -1: the last arrow fits everything
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		for _, imp := range f.imports() {
			if a := judge(f.room, imp.path); !a.allowed {
				t.Errorf("%s: %s imports %s: %s", imp.at, f.room, imp.path, a.why)
			}
		}
	}
}

// TestArrowsDecide holds what the table means where two of its lines could fit.
func TestArrowsDecide(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		room, imported string
		want           bool
	}{
		{"crawler", "github.com/gocolly/colly/v2", yes},
		{"crawler/ftportal", "github.com/gocolly/colly/v2", no},
		{"internal/web", "github.com/blevesearch/bleve/v2/search", no},
		{"index", "github.com/blevesearch/bleve/v2", yes},
		{"internal/app", "modernc.org/sqlite", no},
		{"internal/store", "github.com/jackc/pgx/v5/stdlib", yes},
		{"internal/app", "database/sql", no},
		{"internal/app", "github.com/spf13/viper", no},
		{"internal/call", "strings", yes},
		{"internal/call", "utkik/internal/text", no},
		{"internal/call", "golang.org/x/text/unicode/norm", no},
		{"internal/text", "utkik/internal/call", yes},
		{"internal/text", "utkik/internal/plan", no},
		{"crawler/kind", "net/http", yes},
		{"crawler/feed", "net/http", yes},
		{"crawler/feed", "net", no},
		{"crawler/feed", "log/slog", no},
		{"crawler/feed", "github.com/PuerkitoBio/goquery", yes},
		{"crawler/feed", "utkik/crawler", no},
		{"crawler/feed", "utkik/crawler/htmllist", no},
		{"crawler", "utkik/crawler/feed", yes},
		{"crawler", "utkik/internal/store", no},
		{"internal/match", "utkik/internal/store", no},
		{"internal/store", "utkik/index", no},
		{"internal/web", "utkik/index", yes},
		{"internal/web", "utkik/internal/app", no},
		{"internal/app", "utkik/internal/web", yes},
		{"cmd/utkik", "utkik/internal/app", yes},
		{"cmd/utkik", "utkik/crawler", no},
		{"internal/app", "utkik/cmd/utkik", no},
		{"index", "utkik/internal/store", no},
		{"internal/text", "golang.org/x/net/html", yes},
		{"internal/text", "github.com/spf13/pflag", no},
		{"internal/newroom", "utkik/internal/call", no},
	} {
		if a := judge(tt.room, tt.imported); a.allowed != tt.want {
			t.Errorf("%s imports %s: allowed is %v, by %q; want %v", tt.room, tt.imported, a.allowed, a.why, tt.want)
		}
	}
	for _, a := range arrows {
		if a.why == "" {
			t.Errorf("%s: no reason", fmt.Sprint(a.from, " to ", a.to))
		}
	}
}

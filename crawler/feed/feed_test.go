package feed

import (
	"strings"
	"testing"
	"time"

	"utkik/crawler/kind"
	"utkik/crawler/listing"
	"utkik/internal/call"
)

var _ kind.Kind = Kind{}

var source = kind.Source{ID: "x", Kind: "feed", Home: "https://example.org/", Zone: "Europe/Stockholm", Language: "sv", ItemKind: call.KindNews,
	Address: map[string]string{"list": "https://example.org/feed"}}

func document(body string) kind.Document {
	return kind.Document{Request: kind.Request{Name: listing.NameList, State: "list=list&page=1"}, URL: "https://example.org/feed", Body: []byte(body),
		Fetched: time.Date(2026, 5, 13, 6, 0, 0, 0, time.UTC)}
}

// TestNoFeed says what a document is that is no feed.
func TestNoFeed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"":                                  "it is empty",
		"<!DOCTYPE html><title>404</title>": "a page in HTML",
		"<opml/>":                           "no feed",
		"plain words":                       "no feed",
		`{"a":1}`:                           "a feed without items",
		"<rss version='2.0'><channel><title>T</title></channel></rss>": "a feed without items",
	} {
		_, err := Kind{}.Parse(source, document(body))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", body, err, want)
		}
	}
}

// FuzzParse: whatever comes is read or refused, and what is read can be kept.
func FuzzParse(f *testing.F) {
	f.Add("<rss version='2.0'><channel><item><title>T &amp;amp; U</title><link>/a</link><guid>1</guid></item></channel></rss>")
	f.Add("<feed xmlns='http://www.w3.org/2005/Atom'><entry><title type='html'>&lt;b&gt;T</title><link href='a'/><updated>2026-05-02T10:00:00Z</updated></entry></feed>")
	f.Add(`{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"T","url":"https://example.org/a"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		p, err := Kind{}.Parse(source, document(body))
		if err != nil && len(p.Items)+len(p.Notes) > 0 {
			t.Errorf("error %q with page %+v", err, p)
		}
		for _, it := range p.Items {
			if err := it.Call.Validate(); err != nil {
				t.Error(err)
			}
			if _, err := call.Encode(&it.Call); err != nil {
				t.Error(err)
			}
		}
	})
}

package index

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"utkik/internal/call"
)

// TestKeeper: what is kept stays within its room, and what was asked for lately stays longest.
func TestKeeper(t *testing.T) {
	t.Parallel()
	var k keeper[int, string]
	for i := range 1000 {
		k.put(i, fmt.Sprint(i), 10, 1000)
		if _, ok := k.get(0); !ok {
			t.Fatalf("what was asked for just now is gone after %d", i)
		}
		if k.bytes > 1000 || k.bytes != 10*len(k.kept) {
			t.Fatalf("%d bytes of %d values in a room of 1000", k.bytes, len(k.kept))
		}
	}
	if n := len(k.kept); n < 80 {
		t.Errorf("%d are kept where there is room for 100", n)
	}
	if v, ok := k.get(999); !ok || v != "999" {
		t.Errorf("the last is %q, %t", v, ok)
	}
	k.put(5000, "too large", 251, 1000)
	if _, ok := k.get(5000); ok {
		t.Error("a value is kept that takes more than a quarter of the room")
	}
}

// TestSnippetFollowsTheText: texts are kept for snippets, and a call that changed has another text.
func TestSnippetFollowsTheText(t *testing.T) {
	t.Parallel()
	texts, read, away := map[call.Key]string{}, 0, true
	ix, err := Open(t.TempDir(), Options{Texts: func(_ context.Context, keys []call.Key) (map[call.Key]string, error) {
		if away {
			return nil, nil
		}
		read += len(keys)
		return texts, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	var feed listFeed
	for seq, text := range []string{"Trees store carbon.", "Trees give shade.", strings.Repeat("Long. ", snippetReach) + "Trees."} {
		e := entry(seq+1, call.Call{Ref: "1", Title: "Forests", Text: text, Language: "en"})
		feed, texts[e.Call.Key()] = append(feed, e), text
		if _, err := ix.Sync(t.Context(), feed); err != nil {
			t.Fatal(err)
		}
		if away = true; search(t, ix, Query{Text: "forests", Highlight: true}).Hits[0].Snippet != "" {
			t.Error("a snippet of a text that is not known")
		}
		away = false
		for range 3 {
			h := search(t, ix, Query{Text: "forests", Highlight: true}).Hits[0]
			if want := text[:min(len(text), 100)]; !strings.HasPrefix(h.Snippet, want) {
				t.Errorf("snippet %q, want %q", h.Snippet, want)
			}
		}
		if read != seq+1 {
			t.Errorf("%d texts read for %d versions, each asked for three times", read, seq+1)
		}
	}
}

// TestPhraseInABook: words that stand hundreds of times in a text leave a phrase open, which reading the text settles, once.
func TestPhraseInABook(t *testing.T) {
	t.Parallel()
	book := strings.Repeat("Energy is plenty and storage is dear. ", 300)
	feed := listFeed{
		entry(1, call.Call{Ref: "with", Title: "A book", Text: book + "Energy storage.", Language: "en"}),
		entry(2, call.Call{Ref: "without", Title: "A book", Text: book, Language: "en"}),
		entry(3, call.Call{Ref: "short", Title: "A leaf", Text: "Energy storage.", Language: "en"}),
	}
	texts, read := textsOf([]call.Call{feed[0].Call, feed[1].Call, feed[2].Call}), 0
	ix, err := Open(t.TempDir(), Options{Texts: func(ctx context.Context, keys []call.Key) (map[call.Key]string, error) {
		read += len(keys)
		return texts(ctx, keys)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := ix.Sync(t.Context(), feed); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		if got := strings.Join(refs(search(t, ix, Query{Text: `"energy storage"`}).Hits), " "); got != "short with" {
			t.Errorf("round %d: found %q, want short with", round, got)
		}
		if got := search(t, ix, Query{Text: `"storage energy"`}).Total; got != 0 {
			t.Errorf("round %d: %d have the words the other way round", round, got)
		}
	}
	if read != 4 {
		t.Errorf("%d texts read for two phrases in two books", read)
	}
}

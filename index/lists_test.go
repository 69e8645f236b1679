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
	texts, read := map[call.Key]string{}, 0
	ix, err := Open(t.TempDir(), Options{Texts: func(_ context.Context, keys []call.Key) (map[call.Key]string, error) {
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

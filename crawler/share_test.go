package crawler

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"utkik/crawler/kind"
)

// fellows are machines that ask for the batches of a run, each with an engine of its own.
type fellows struct {
	*shelf
	engines []*Engine
	src     kind.Source
	batches int
}

func (f *fellows) Share(ctx context.Context, batches [][]kind.Request) ([]Batch, error) {
	f.batches += len(batches)
	out, errs := make([]Batch, len(batches)), make([]error, len(batches))
	var all sync.WaitGroup
	for i, b := range batches {
		all.Go(func() { out[i], errs[i] = f.engines[i%len(f.engines)].Ask(ctx, f.src, lines{}, f.shelf, b) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// What machines read together is what one reads alone: items, their order, notes, gaps, counts, and what is kept; also on
// the second day, when some documents are spared and some are new.
func TestShared(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	list := "listing all\n"
	for i := range 47 {
		switch {
		case i%3 == 0:
			list += fmt.Sprintf("stamp BASE/item/%d first\n", i)
		case i%10 == 7:
			list += fmt.Sprintf("maybe BASE/item/%d\n", i)
		default:
			list += fmt.Sprintf("next BASE/item/%d\n", i)
		}
	}
	p.page("/list", list)
	for i := range 47 {
		switch {
		case i == 11:
			p.page("/item/11", "such a line is not known")
		case i == 12:
			p.page("/item/12", "item 12 twelve\nnote a word about it\nnext BASE/more")
		case i == 17:
			p.mux.HandleFunc("/item/17", http.NotFound)
		case i == 19:
			p.mux.HandleFunc("/item/19", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"x"`)
				if r.Header.Get("If-None-Match") == `"x"` {
					w.WriteHeader(http.StatusNotModified)
					return
				}
				fmt.Fprint(w, "item 19 nineteen")
			})
		default:
			p.page(fmt.Sprintf("/item/%d", i), fmt.Sprintf("item %d title of %d", i, i))
		}
	}
	p.page("/more", "item more further")
	alone, src := newShelf(), p.source()
	src.Batch = 7
	together := &fellows{shelf: newShelf(), engines: []*Engine{engine(t, quick()), engine(t, quick())}, src: src}
	for day := range 2 {
		want := crawl(t, quick(), src, lines{}, alone)
		got, err := engine(t, quick()).Run(t.Context(), src, lines{}, together)
		if err != nil {
			t.Fatal(err)
		}
		if day == 0 && want.Seen != 46 {
			t.Errorf("%d items, want 46: the test tests nothing", want.Seen)
		}
		// Each engine asks for robots.txt once: the run's, and those that had a batch.
		got.Requests -= len(together.engines)
		got.Bytes, want.Bytes = 0, 0
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("day %d (-alone +together):\n%s", day, d)
		}
		together.engines = []*Engine{engine(t, quick()), engine(t, quick())}
	}
	if len(alone.kept) != len(together.kept) {
		t.Errorf("%d documents are kept, alone %d", len(together.kept), len(alone.kept))
	}
	if together.batches != 7+5 { // 47 documents, and 31 without those that their stamp spares
		t.Errorf("%d batches", together.batches)
	}
	if n := p.seen("GET /item/3"); n != 2 {
		t.Errorf("a document with a stamp was asked for %d times by the two", n)
	}
}

// A batch that fails ends the run with its error, and what was kept stays.
func TestSharedFails(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.page("/list", "listing all\nnext BASE/a\nnext BASE/b\nnext BASE/c\n")
	for _, name := range []string{"a", "b", "c"} {
		p.page("/"+name, "item "+name+" title")
	}
	src := p.source()
	src.Batch = 1
	f := &fellows{shelf: newShelf(), engines: []*Engine{engine(t, quick())}, src: src}
	f.src.Address = map[string]string{"list": ":"} // the others have another file
	rep, err := engine(t, quick()).Run(t.Context(), src, lines{}, f)
	if err == nil || rep.Complete || rep.Listed {
		t.Errorf("%+v, %v", rep, err)
	}
}

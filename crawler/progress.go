package crawler

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows a person how far a run is. Its total grows while pages tell of further ones. A nil progress
// shows nothing.
type progress struct {
	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	total int
}

func newProgress(w io.Writer, source string) *progress {
	if w == nil {
		return nil
	}
	return &progress{bar: progressbar.NewOptions(1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(source),
		progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionClearOnFinish())}
}

// The bar's errors are those of the terminal; a run goes on without.

func (p *progress) more(n int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total += n
	p.bar.ChangeMax(p.total + 1) // never full before done: a full bar cannot grow
}

func (p *progress) one() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.bar.Add(1)
}

func (p *progress) done() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.bar.Finish()
}

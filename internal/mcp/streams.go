package mcp

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// streams are the two streams of a model that started us. When it has no more to ask it may close its own at once, as a
// shell does: what it asked is answered all the same before the connection ends, which the SDK's transport would not wait for.
type streams struct {
	in  io.ReadCloser
	out io.WriteCloser
}

func (s streams) Connect(ctx context.Context) (sdk.Connection, error) {
	c, err := (&sdk.IOTransport{Reader: s.in, Writer: s.out}).Connect(ctx)
	if err != nil {
		return nil, err
	}
	p := &patient{Connection: c, closed: make(chan struct{})}
	p.done = sync.NewCond(&p.mu)
	return p, nil
}

// patient is a connection that ends when every question is answered.
type patient struct {
	sdk.Connection
	once   sync.Once
	closed chan struct{}

	mu   sync.Mutex
	done *sync.Cond
	open int // questions without an answer
}

func (p *patient) Read(ctx context.Context) (jsonrpc.Message, error) {
	m, err := p.Connection.Read(ctx)
	if r, ok := m.(*jsonrpc.Request); err == nil && ok && r.IsCall() {
		p.count(1)
	}
	if errors.Is(err, io.EOF) {
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			p.mu.Lock()
			defer p.mu.Unlock()
			for p.open > 0 {
				p.done.Wait()
			}
		}()
		select {
		case <-answered:
		case <-p.closed:
		case <-ctx.Done():
		}
	}
	return m, err
}

func (p *patient) Write(ctx context.Context, m jsonrpc.Message) error {
	err := p.Connection.Write(ctx, m)
	if _, ok := m.(*jsonrpc.Response); ok {
		p.count(-1)
	}
	return err
}

func (p *patient) count(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open += n
	p.done.Broadcast()
}

func (p *patient) Close() error {
	p.once.Do(func() {
		close(p.closed)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.open = 0 // nobody waits for them any more
		p.done.Broadcast()
	})
	return p.Connection.Close()
}

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"utkik/index"
	"utkik/internal/store"
	"utkik/internal/token"
)

const (
	nodePath   = "/node/index"
	nodeScheme = "Utkik " // of the Authorization header

	// nodeFresh is how long ago a machine may have shown itself to be asked for its index: a few beats.
	nodeFresh = time.Minute
	// proofAge is how old a proof may be: the machines' clocks may differ.
	proofAge = 2 * time.Minute
	// copyTime bounds how long the copy of an index may take: some gigabytes over a slow line.
	copyTime = 15 * time.Minute
	// dialTime is how long a machine that is asked may give no sign, before or in the midst: it may have lost its power.
	dialTime = 10 * time.Second
)

// node is this machine as the others of the installation know it.
type node struct {
	name    string
	secret  []byte     // stands in the database while this program runs, for who else can read it
	copying sync.Mutex // one copy at a time is handed out
}

// openNode takes a name among the machines that answer readers. A store that is one machine's has no others.
func (a *App) openNode(l net.Listener) error {
	if !a.Store.Shared() {
		return nil
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("the machine has no name: %v", err)
	}
	a.node = &node{name: host + " " + l.Addr().String(), secret: token.Secret()}
	return nil
}

// beat tells the others where this machine stands.
func (a *App) beat(ctx context.Context) error {
	if a.node == nil {
		return nil
	}
	at, err := a.index.Cursor()
	if err != nil {
		return err
	}
	return a.Store.Beat(ctx, store.Node{Name: a.node.name, Address: a.Config.Web.Node, Secret: a.node.secret, Cursor: at})
}

// leave tells them that it stops.
func (a *App) leave(ctx context.Context) error {
	if a.node == nil {
		return nil
	}
	return a.Store.Leave(ctx, a.node.name)
}

// Lag is how far a machine that answers readers is behind the store.
type Lag struct {
	Node   string
	Calls  int           // that were written since what it shows
	Silent time.Duration // since it last told
}

// Lag tells how far every machine that answers readers is behind the store. Where the store is one machine's it is this one,
// if it has its index open.
func (a *App) Lag(ctx context.Context) ([]Lag, error) {
	if !a.Store.Shared() {
		if a.index == nil {
			return nil, nil
		}
		at, err := a.index.Cursor()
		if err != nil {
			return nil, err
		}
		_, n, err := a.Store.Behind(ctx, at, at)
		return []Lag{{Node: "this", Calls: int(n)}}, err
	}
	nodes, err := a.Store.Nodes(ctx)
	out := make([]Lag, len(nodes))
	for i, n := range nodes {
		out[i] = Lag{Node: n.Name, Calls: n.Behind, Silent: n.Silent}
	}
	return out, err
}

// adopt takes a neighbour's index in the place of one that is new or damaged, which is quicker than to read everything. It
// tells whether it did: where there is no neighbour, or none whose copy can be trusted, the index is built from the store.
func (a *App) adopt(ctx context.Context, x *index.Index) bool {
	if a.node == nil {
		return false
	}
	nodes, err := a.Store.Nodes(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "other machines cannot be asked for their index", "err", err)
		return false
	}
	for _, n := range nodes { // who has followed furthest first
		if n.Name == a.node.name || n.Address == "" || n.Silent > nodeFresh {
			continue
		}
		at, err := a.adoptFrom(ctx, x, n)
		if err == nil {
			a.log.InfoContext(ctx, "index copied from another machine", "node", n.Name, "url", n.Address, "cursor", at)
			return true
		}
		a.log.WarnContext(ctx, "the index of another machine is not taken", "node", n.Name, "url", n.Address, "err", err)
	}
	return false
}

func (a *App) adoptFrom(ctx context.Context, x *index.Index, n store.Node) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, copyTime)
	defer cancel()
	address := strings.TrimRight(n.Address, "/") + nodePath + "?mark=" + a.mark()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Authorization", nodeScheme+now+"."+token.Proof(n.Secret, now))
	// Its own transport: no proxy stands between machines of an installation, and nothing is left open.
	dialer := &net.Dialer{Timeout: dialTime, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: dialTime, Interval: dialTime / 2, Count: 2}}
	client := &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, ResponseHeaderTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return 0, fmt.Errorf("GET %s: status %d: %s", address, resp.StatusCode, strings.TrimSpace(string(text)))
	}
	last, err := a.Store.Last(ctx)
	if err != nil {
		return 0, err
	}
	return x.Adopt(ctx, resp.Body, a.mark(), last)
}

// handCopy hands this machine's index to another of the installation.
func (a *App) handCopy(w http.ResponseWriter, r *http.Request) {
	if a.node == nil {
		http.NotFound(w, r)
		return
	}
	stamp, proof, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), nodeScheme), ".")
	at, err := strconv.ParseInt(stamp, 10, 64)
	if age := time.Since(time.Unix(at, 0)).Abs(); err != nil || age > proofAge || !token.Same(proof, token.Proof(a.node.secret, stamp)) {
		http.Error(w, "for machines of the installation only; their clocks must agree to two minutes", http.StatusForbidden)
		return
	}
	if r.URL.Query().Get("mark") != a.index.Mark() {
		http.Error(w, "this index was made under another plan", http.StatusConflict)
		return
	}
	if !a.node.copying.TryLock() {
		http.Error(w, "another machine is copying; try again", http.StatusServiceUnavailable)
		return
	}
	defer a.node.copying.Unlock()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(copyTime)) // without, a slow line cuts it, which the other sees
	w.Header().Set("Content-Type", "application/x-tar")
	w.Header().Set("Cache-Control", "no-store")
	if err := a.index.Copy(r.Context(), w); err != nil && !errors.Is(err, context.Canceled) {
		a.log.WarnContext(r.Context(), "the index could not be handed to another machine", "remote", r.RemoteAddr, "err", err)
		panic(http.ErrAbortHandler) // so that the other does not take what came for all
	}
}

package app

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// seenCookie tells where the store stood when a person last wrote something.
	seenCookie = "utkik-seen"
	// seenFor is how long that is of use: by then every machine that is alive has followed.
	seenFor = 2 * time.Minute
	// seenWait bounds how long a page waits for its machine to follow.
	seenWait = 2 * time.Second
)

// ownWrites lets people see what they have just done, whichever machine answers them next. Pages show decisions from the
// store, which all machines share; what they show from the index waits until it has followed to where the store stood then.
func (a *App) ownWrites(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(&stamped{ResponseWriter: w, app: a, ctx: r.Context()}, r)
			return
		}
		if c, err := r.Cookie(seenCookie); err == nil {
			a.followTo(r.Context(), c.Value)
		}
		next.ServeHTTP(w, r)
	})
}

// followTo lets the index follow to a place in the store's order. Where it cannot in time the page shows what there is.
func (a *App) followTo(ctx context.Context, place string) {
	want, err := strconv.ParseInt(place, 10, 64)
	x := a.root().index
	if err != nil || x == nil {
		return
	}
	if at, err := x.Cursor(); err != nil || at >= want {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, seenWait)
	defer cancel()
	if last, err := a.Store.Last(ctx); err != nil || last < want { // the store was set back, or the cookie is none of ours
		return
	}
	if _, err := x.Sync(ctx, feed{a.root()}); err != nil {
		a.log.WarnContext(ctx, "a page does not wait for what its reader wrote", "err", err)
	}
}

// stamped adds to the answer to a write where the store stands after it.
type stamped struct {
	http.ResponseWriter
	app  *App
	ctx  context.Context
	done bool
}

func (s *stamped) WriteHeader(status int) {
	if !s.done && status < http.StatusBadRequest {
		if last, err := s.app.Store.Last(s.ctx); err == nil {
			http.SetCookie(s.ResponseWriter, &http.Cookie{Name: seenCookie, Value: strconv.FormatInt(last, 10), Path: "/", MaxAge: int(seenFor.Seconds()),
				HttpOnly: true, Secure: strings.HasPrefix(s.app.Config.Web.BaseURL, "https:"), SameSite: http.SameSiteLaxMode})
		}
	}
	s.done = true
	s.ResponseWriter.WriteHeader(status)
}

func (s *stamped) Write(b []byte) (int, error) {
	if !s.done {
		s.WriteHeader(http.StatusOK)
	}
	return s.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (s *stamped) Unwrap() http.ResponseWriter { return s.ResponseWriter }

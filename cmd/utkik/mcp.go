package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"utkik/index"
	"utkik/internal/app"
	"utkik/internal/mcp"
)

func (p *program) mcpCommand() *cobra.Command {
	var server, keyFile string
	c := &cobra.Command{
		Use:   "mcp",
		Short: "Answer a language model over standard input and output (MCP)",
		Long: `Speaks the Model Context Protocol over standard input and output, for programs that start it: a model may then search calls, read
one, list what is open for a priority of the plan, and ask why a call concerns it. It only reads.

Without --server it opens the data folder itself, which no other program may have open. Beside a running "utkik serve" it hands on
what the model asks to that service, at the address that ends with /mcp; programs that speak MCP over HTTP can use that address
themselves.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := keptOpen{p.out}
			if server != "" {
				key, err := readKey(keyFile)
				if err != nil {
					return usageError{err}
				}
				return mcp.Bridge(cmd.Context(), os.Stdin, out, server, key)
			}
			if keyFile != "" {
				return usageError{errors.New("--key-file: only with --server; the data folder asks for no key")}
			}
			return p.with(cmd.Context(), func(a *app.App) error { return answerModel(cmd.Context(), a, out) })
		},
	}
	c.Flags().StringVar(&server, "server", "", "`address` of a running service, such as http://127.0.0.1:8080/mcp")
	c.Flags().StringVar(&keyFile, "key-file", "", "`file` with a key for it, where reading asks for one (utkik keys add)")
	return c
}

func answerModel(ctx context.Context, a *app.App, out io.WriteCloser) error {
	err := a.AnswerModel(ctx, os.Stdin, out)
	if errors.Is(err, index.ErrBusy) {
		return fmt.Errorf("%v; beside `utkik serve` use --server http://%s/mcp", err, a.Config.Web.Listen)
	}
	return err
}

func readKey(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	b, err := os.ReadFile(file)
	key := strings.TrimSpace(string(b))
	switch {
	case err != nil:
		return "", fmt.Errorf("--key-file: %v", err)
	case key == "" || strings.ContainsAny(key, " \t\n"):
		return "", fmt.Errorf("--key-file %s: want one key, such as utk_…, and nothing else", file)
	}
	return key, nil
}

// keptOpen is standard output, which is not ours to close.
type keptOpen struct{ io.Writer }

func (keptOpen) Close() error { return nil }

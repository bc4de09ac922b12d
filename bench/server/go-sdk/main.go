// A stateless server on the Go SDK with one tool and nothing on: a reference for bench/server.ts.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type result struct {
	StructuredContent map[string]any `json:"structuredContent"`
}

func main() {
	var answer result
	if err := json.Unmarshal([]byte(os.Args[1]), &answer); err != nil {
		panic(err)
	}
	server := mcp.NewServer(&mcp.Implementation{Name: "bench", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "get_bridge_status", Description: "status"},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, map[string]any, error) {
			text, err := json.MarshalIndent(answer.StructuredContent, "", "  ")
			if err != nil {
				return nil, nil, err
			}
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: string(text)}}}, answer.StructuredContent, nil
		})
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("{\"url\":\"http://%s/mcp\"}\n", listener.Addr())
	panic(http.Serve(listener, handler))
}

// Generated from the server's OpenAPI document by scripts/api.js; `make web-api` writes it anew.

export interface paths {
    "/arrange": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** 22. 创建排班 */
        put: operations["put_arrange"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/arrange/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** 25. 移除咨询师/督导排班记录 */
        delete: operations["delete_arrange_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/arrange/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 23. 批量排班 */
        post: operations["post_arrange_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/arrange/month": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 自有：一个月的排班 */
        get: operations["get_arrange_month"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/arrange/theday": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 24. 获取当天在线的值班人员 */
        get: operations["get_arrange_theday"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 1. 后台用户登录接口 */
        post: operations["post_auth_login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 4. 获取当前登录用户信息 */
        get: operations["get_auth_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/wx/{appid}/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 3. 微信小程序用户登录接口 */
        post: operations["post_auth_wx_appid_login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 39. 获取配置项 */
        get: operations["get_config"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** 26. 创建会话 */
        put: operations["put_conversation"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 自有：一个会话 */
        get: operations["get_conversation_id"];
        put?: never;
        post?: never;
        /** 36. 删除会话 */
        delete: operations["delete_conversation_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/7statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 30. 七日咨询数量统计 */
        get: operations["get_conversation_7statistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/batchexport": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * 35. 批量导出
         * @description 一个会话一个目录，目录名为时间与双方姓名：文字、督导会话（`supervise-1` …）、图片（`pictures`）；`index` 为目录清单。\
         *     图片合计至多 20000 张；匿名导出不含图片
         */
        post: operations["post_conversation_batchexport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/consultlist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 28. 咨询记录 */
        get: operations["get_conversation_consultlist"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 29. 获取小程序当前用户的会话 */
        get: operations["get_conversation_current"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/end/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 26. 结束会话 */
        post: operations["post_conversation_end_id"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/export/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * 34. 会话导出
         * @description 含咨询师备注、标签与督导会话（访客本人导出时不含）。`format=zip` 为压缩文件：文字、督导会话、图片与目录
         */
        post: operations["post_conversation_export_id"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/mine": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 自有：本人的咨询数据 */
        get: operations["get_conversation_mine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/numberranking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 31. 当月咨询数排行 */
        get: operations["get_conversation_numberranking"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/priority/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 自有：改变排队优先级 */
        post: operations["post_conversation_priority_id"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/ratedranking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 32. 当月评价排行 */
        get: operations["get_conversation_ratedranking"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/supervise": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * 27. 请求督导
         * @description 答复为被求助的会话本身，`supervise` 为与督导的会话
         */
        put: operations["put_conversation_supervise"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversation/todaychange": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 33. 今日咨询数量变化 */
        get: operations["get_conversation_todaychange"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dispatch/now": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 自有：实时接待状况 */
        get: operations["get_dispatch_now"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dispatch/supervisors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * 自有：可求助的督导
         * @description 机构的全部督导及其状态，自己的督导在前，其余按能否接待
         */
        get: operations["get_dispatch_supervisors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/evaluate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** 38. 新建评价 */
        put: operations["put_evaluate"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 自有：进程存活 */
        get: operations["get_health_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 自有：可以服务 */
        get: operations["get_health_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/im/image": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * 自有：上传会话图片
         * @description 内置即时通信（`im.mode = "embedded"`）使用；会话双方在会话进行中可用。消息体为图片本身（PNG、JPEG、GIF、WebP），以内容为准；\
         *     拍摄地点等附加信息不保存。再以 `{"type":"say","image":…}` 发送
         */
        post: operations["post_im_image"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/im/image/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * 自有：会话图片
         * @description 可读该会话记录者可见
         */
        get: operations["get_im_image_id"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/im/say": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * 自有：不经实时连接发送消息
         * @description 内置即时通信（`im.mode = "embedded"`）使用，供即将关闭的页面（`fetch` 的 `keepalive`）：与实时连接的 `say` 同一条路、同样检查，\
         *     以 `ref` 去重，两边同时送达也只存一次。依次发送，至多 200 条，其中一条不成不影响其他。应答依次为每条的结果，\
         *     与实时连接的 `said` 或 `error` 相同
         */
        post: operations["post_im_say"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/im/sign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * 37. 获取 UserSig
         * @description 登录者本人的，用户名即 IM 账号
         */
        post: operations["post_im_sign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 2. 注销后跳转到的登录页：总是 403 */
        get: operations["get_login"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 2. 后台用户注销接口 */
        post: operations["post_logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/message/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * 38. 消息回调
         * @description 无需登录，但经校验。总是 HTTP 200，除非消息体过大
         */
        post: operations["post_message_callback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/message/conversation/web": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 38. 根据会话提取web转化后的消息 */
        get: operations["get_message_conversation_web"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/message/gaps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * 自有：消息序号缺口
         * @description 可读该会话记录者可见
         */
        get: operations["get_message_gaps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/message/unplaced": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * 自有：未归入会话的消息
         * @description 机构管理员可见；不属于任何人的账号，对谁都不显示
         */
        get: operations["get_message_unplaced"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/message/unread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * 自有：进行中会话的未读数、已读位置与最后一条消息
         * @description 登录者本人参与的会话
         */
        get: operations["get_message_unread"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * 自有：运行指标
         * @description Prometheus 文本格式；只对 `metrics.allow` 中的地址开放
         */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/active/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 20. 启用访客 */
        post: operations["post_user_active_id"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/ban/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 15. 禁用访客 */
        post: operations["post_user_ban_id"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 6. 获取用户列表；16. 访客列表 */
        get: operations["get_user_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/maxconsults": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 21. 修改咨询师最大咨询人数 */
        post: operations["post_user_maxconsults"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/ms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** 5. 添加后台用户 */
        put: operations["put_user_ms"];
        /**
         * 自有：修改后台用户
         * @description 系统管理员据此修改机构管理员（含重置密码）；机构管理员可修改咨询师与督导
         */
        post: operations["post_user_ms"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/ms/counselor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** 9. 添加咨询师用户 */
        put: operations["put_user_ms_counselor"];
        /** 12. 修改咨询师 */
        post: operations["post_user_ms_counselor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/ms/counselor/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 19. 修改咨询师 */
        post: operations["post_user_ms_counselor_key"];
        /** 14. 删除咨询师 */
        delete: operations["delete_user_ms_counselor_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/ms/counselor/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 10. 获取咨询师列表 */
        get: operations["get_user_ms_counselor_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/ms/supervisor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** 8. 添加督导用户 */
        put: operations["put_user_ms_supervisor"];
        /** 11. 修改督导 */
        post: operations["post_user_ms_supervisor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/ms/supervisor/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 11. 修改督导（路径为用户 id） */
        post: operations["post_user_ms_supervisor_key"];
        /** 13. 刪除督导 */
        delete: operations["delete_user_ms_supervisor_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/ms/supervisor/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** 10. 获取督导列表 */
        get: operations["get_user_ms_supervisor_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 17. 修改密码 */
        post: operations["post_user_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 18. 更新访客信息 */
        post: operations["post_user_update"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/visitor/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * 自有：访客的实时连接（WebSocket）
         * @description 同上；也可不带会话，而在首帧给出令牌。帧的格式见项目的 docs/sockets.md
         */
        get: operations["get_visitor_ws"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workbench/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * 自有：工作台的实时连接（WebSocket）
         * @description 咨询师、督导、机构管理员使用，连接即在线。帧的格式见项目的 docs/sockets.md
         */
        get: operations["get_workbench_ws"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/wx/user/{appid}/phone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 7. 微信小程序获取当前用户手机号 */
        post: operations["post_wx_user_appid_phone"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/wx/user/{appid}/subscribe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** 自有：允许发送一次“轮到您了”订阅消息 */
        post: operations["post_wx_user_appid_subscribe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description 请求处理的结果：OK 表示处理成功，FAIL 表示失败
         * @enum {string}
         */
        ActionStatus: "OK" | "FAIL";
        /** @description Of an administrator, who has no places, and looks on. */
        AdministratorView: components["schemas"]["Unanswered"] & {
            common: components["schemas"]["CommonQueue"];
            /** Format: int64 */
            cursor: number;
        };
        /** @description A supervisor who may be asked. */
        Adviser: {
            active: number;
            /** @description Whether they look after the one who asks. */
            bound: boolean;
            /** Format: int32 */
            maxConsults: number;
            onShift: boolean;
            state: components["schemas"]["PublicStatus"];
            user: components["schemas"]["PersonView"] | null;
            waiting: number;
        };
        /** @description An alarm that is not settled. */
        AlarmView: {
            /** Format: int64 */
            afterSeconds: number;
            conversation: components["schemas"]["Id"];
            counselor: components["schemas"]["Id"];
            /** @enum {string} */
            kind: "unanswered";
            /** Format: int64 */
            since: number;
            visitor: components["schemas"]["Id"];
        } | {
            conversations: components["schemas"]["Id"][];
            counselor: components["schemas"]["Id"];
            /** @enum {string} */
            kind: "counselor-lost";
            /** Format: int64 */
            since: number;
        };
        /** @description A success with its object, or a refusal. */
        Answered_BTreeMap_String_i64: components["schemas"]["Good_BTreeMap"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_Config: components["schemas"]["Good_Config"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_ConversationView: components["schemas"]["Good_ConversationView"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_Done: components["schemas"]["Good_Done"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_EvaluationView: components["schemas"]["Good_EvaluationView"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_Me: components["schemas"]["Good_Me"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_MyFigures: components["schemas"]["Good_MyFigures"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_Now: components["schemas"]["Good_Now"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_String: components["schemas"]["Good_String"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_Subscription: components["schemas"]["Good_Subscription"] | components["schemas"]["Refusal"];
        /** @description A success with its object, or a refusal. */
        Answered_Uploaded: components["schemas"]["Good_Uploaded"] | components["schemas"]["Refusal"];
        /**
         * @description A success with all there are, or a refusal. Named apart from [`Answered`]: the name of a schema tells one list from
         *     another only by what is in it.
         */
        AnsweredAll_Adviser: components["schemas"]["GoodAll_Adviser"] | components["schemas"]["Refusal"];
        /**
         * @description A success with all there are, or a refusal. Named apart from [`Answered`]: the name of a schema tells one list from
         *     another only by what is in it.
         */
        AnsweredAll_DayOfMonth: components["schemas"]["GoodAll_DayOfMonth"] | components["schemas"]["Refusal"];
        /**
         * @description A success with all there are, or a refusal. Named apart from [`Answered`]: the name of a schema tells one list from
         *     another only by what is in it.
         */
        AnsweredAll_RankingRow: components["schemas"]["GoodAll_RankingRow"] | components["schemas"]["Refusal"];
        /**
         * @description A success with all there are, or a refusal. Named apart from [`Answered`]: the name of a schema tells one list from
         *     another only by what is in it.
         */
        AnsweredAll_SayAnswer: components["schemas"]["GoodAll_SayAnswer"] | components["schemas"]["Refusal"];
        /**
         * @description A success with all there are, or a refusal. Named apart from [`Answered`]: the name of a schema tells one list from
         *     another only by what is in it.
         */
        AnsweredAll_Shift: components["schemas"]["GoodAll_Shift"] | components["schemas"]["Refusal"];
        /**
         * @description A success with all there are, or a refusal. Named apart from [`Answered`]: the name of a schema tells one list from
         *     another only by what is in it.
         */
        AnsweredAll_Unread: components["schemas"]["GoodAll_Unread"] | components["schemas"]["Refusal"];
        /** @description 22. 创建排班 */
        Arrange: {
            /**
             * Format: int64
             * @description 当天的任一时刻
             */
            timestamp: number;
            /** @description 咨询师、督导的用户id */
            users: string[];
        };
        /** @description 23. 批量排班：代替此人原有的每周排班，空列表为取消 */
        ArrangeWeek: {
            /** @description 咨询师或督导的用户id */
            user: string;
            /** @description 1（周一）到 7（周日） */
            weekDays: number[];
        };
        /** @description A visitor's first frame. */
        AuthCommand: {
            token: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "auth";
        };
        Brief: {
            avatarUrl: string | null;
            /** @description Of the shift. */
            id: components["schemas"]["Id"];
            name: string | null;
            standing: boolean;
            type: string;
            user: components["schemas"]["Id"];
            username: string;
        };
        /** @description 消息回调的应答：两种格式合一 */
        CallbackAnswer: {
            ActionStatus: components["schemas"]["ActionStatus"];
            /** Format: int32 */
            code: number;
            /**
             * Format: int32
             * @description 0为回调成功；1为回调出错；120001 起为拒绝发送的原因
             */
            ErrorCode: number;
            ErrorInfo: string;
            message: string;
            result: components["schemas"]["Done"] | null;
        };
        /** @description 38. 消息回调：各命令的字段不尽相同，此处为 `C2C.CallbackAfterSendMsg` */
        CallbackBody: {
            /**
             * @description 回调命令
             * @example C2C.CallbackAfterSendMsg
             */
            CallbackCommand: string;
            /** @description 消息自定义数据：存储 `conversationId` */
            CloudCustomData?: string | null;
            /** @description 该条消息下发失败的错误信息 */
            ErrorInfo?: string | null;
            /** @description 消息发送者 `UserID` */
            From_Account?: string | null;
            /** @description 消息体 */
            MsgBody?: unknown[] | null;
            /** @description 该条消息的唯一标识 */
            MsgKey?: string | null;
            /**
             * Format: int32
             * @description 消息随机数（32位无符号整数）
             */
            MsgRandom?: number | null;
            /**
             * Format: int32
             * @description 消息序列号（32位无符号整数）
             */
            MsgSeq?: number | null;
            /**
             * Format: int32
             * @description 消息的发送时间戳，单位为秒
             */
            MsgTime?: number | null;
            /**
             * Format: int32
             * @description 在线消息，为1，否则为0
             */
            OnlineOnlyFlag?: number | null;
            /**
             * Format: int32
             * @description 该条消息的下发结果：0表示下发成功，非0表示下发失败
             */
            SendMsgResult?: number | null;
            /** @description 消息接收者 `UserID` */
            To_Account?: string | null;
        };
        /** @description 17. 修改密码 */
        ChangedPassword: {
            /** @description 同 `password` */
            newPassword?: string | null;
            /** @description 原密码，需要MD5后传输 */
            oldPassword: string;
            /** @description 新密码，需要MD5后传输 */
            password?: string | null;
        };
        /**
         * @description 会话中的话、图片未能发送或撤回的原因，供程序识别，不随语言变化
         * @enum {string}
         */
        ChatReason: "ended" | "waiting" | "unknown" | "unknownMessage" | "empty" | "tooLong" | "picture" | "pictureKind" | "pictureDamaged" | "pictureLarge" | "picturesFull" | "busy" | "malformed" | "tooLate" | "recallEnded" | "refused";
        /** @enum {string} */
        ChosenStatus: "online" | "busy" | "away";
        ClientFrame: components["schemas"]["AuthCommand"] | components["schemas"]["PingCommand"] | components["schemas"]["PresenceCommand"] | components["schemas"]["ReadCommand"] | components["schemas"]["RecallCommand"] | components["schemas"]["SayCommand"];
        /** @description Those who wait for anybody on shift. */
        CommonQueue: {
            waiting: number;
        };
        Config: {
            conversationStatus: components["schemas"]["ConversationStatus"];
            conversationType: components["schemas"]["ConversationTypes"];
            counselor: components["schemas"]["Counselor"];
            emergency: components["schemas"]["Emergency"][];
            im: components["schemas"]["Im"];
            information: Record<string, never>[];
            limits: components["schemas"]["Limits"];
            mode: components["schemas"]["Mode"];
            queueStatus: components["schemas"]["QueueStatus"];
            sandbox: components["schemas"]["Sandbox"] | null;
            /**
             * @description Ours: where the institution's days begin, as the IANA names it; the pages tell times in it.
             * @example Asia/Shanghai
             */
            timeZone: string | null;
            /** @description Ours: what the mini-program asks its visitor about, so that they can be told when it is their turn. */
            turnTemplate: string | null;
            userRoles: components["schemas"]["UserRoles"];
            userType: components["schemas"]["UserType"];
        };
        ConversationStatus: {
            FINISHED: string;
            IN_PROGRESS: string;
            TIME_OUT: string;
        };
        /** @enum {string} */
        ConversationType: "COUNSELING_SESSION" | "REQUEST_SUPERVISE";
        ConversationTypes: {
            COUNSELING_SESSION: string;
            REQUEST_SUPERVISE: string;
        };
        /** @description See the module. Null fields are present. */
        ConversationView: {
            avatarUrl: string | null;
            /** Format: int64 */
            callStartTime: number | null;
            consultation: components["schemas"]["Id"] | null;
            conversationType: components["schemas"]["ConversationType"];
            counselor: components["schemas"]["PersonView"] | null;
            /** Format: int64 */
            createdTime: number;
            /**
             * Format: int64
             * @description Milliseconds, as everywhere.
             */
            duration: number | null;
            endReason: components["schemas"]["EndReason"] | null;
            /** Format: int64 */
            endTime: number | null;
            evaluate: components["schemas"]["EvaluationView"] | null;
            id: components["schemas"]["Id"];
            medium: components["schemas"]["MediumType"];
            priority: components["schemas"]["Priority"];
            queue: components["schemas"]["QueueView"] | null;
            /** Format: int64 */
            startTime: number | null;
            status: components["schemas"]["Status"];
            supervise: components["schemas"]["ConversationView"] | null;
            supervisor: components["schemas"]["PersonView"] | null;
            user: components["schemas"]["PersonView"] | null;
            visitorEvaluate: components["schemas"]["EvaluationView"] | null;
        };
        Counselor: {
            /** Format: int32 */
            maxConsults: number;
        };
        DayOfMonth: {
            counselors: number;
            /** Format: date */
            day: string;
            supervisors: number;
            /** Format: int64 */
            timestamp: number;
            users: components["schemas"]["Brief"][];
        };
        /**
         * @description The result of a success without an object.
         * @enum {string}
         */
        Done: "ok";
        /**
         * Format: binary
         * @description A file to keep, or a refusal as JSON.
         */
        Download: string;
        /** @description One element as the web client has it. */
        Element: {
            /** @description The content under the web client's names. */
            payload: unknown;
            /** @description `TIMTextElem` and so on: the same string as in the callback. */
            type: string;
        };
        /** @description A number for somebody in need. */
        Emergency: {
            name: string;
            number: string;
        };
        /** @enum {string} */
        EndReason: "visitor" | "counselor" | "supervisor" | "administrator" | "waiting" | "silence" | "limit" | "absent" | "counselor-gone" | "banned" | "consultation-ended";
        ErrorFrame: {
            /** Format: int32 */
            code: number;
            /** @description For people. */
            message: string;
            /** @description For programs: one of `ChatReason` where it is about something said. */
            reason: string;
            /** @description Of the command, if it had one. */
            ref?: string;
        } & {
            /** @enum {string} */
            type: "error";
        } & {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "error";
        };
        /** @description 38. 新建评价 */
        Evaluate: {
            /** @description 评语 */
            content?: string | null;
            /** @description 会话id */
            conversationId: string;
            /**
             * Format: int64
             * @description 评分
             */
            level?: number | null;
            /**
             * @description 评价对象类型：访客评价会话或咨询师，咨询师评价访客
             * @enum {string}
             */
            objectType: "CONVERSATION" | "COUNSELOR" | "VISITOR";
            /** @description 咨询师给访客的标签 */
            tag?: string | null;
        };
        /** @description As it is on the wire. */
        EvaluationView: {
            content: string | null;
            conversationId: components["schemas"]["Id"];
            /** Format: int64 */
            createdTime: number;
            creator: components["schemas"]["Id"];
            creatorUser: components["schemas"]["PersonView"] | null;
            id: components["schemas"]["Id"];
            /** Format: int32 */
            level: number | null;
            objectType: string;
            tag: string | null;
        };
        EventFrame: (components["schemas"]["PublicEvent"] & {
            /**
             * Format: int64
             * @description The cursor after it.
             */
            seq: number;
            /** Format: int64 */
            time: number;
        }) & {
            /** @enum {string} */
            type: "event";
        } & {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "event";
        };
        ForVisitor: {
            consulted?: boolean;
            /** Format: double */
            rating?: number | null;
        };
        Frame: components["schemas"]["ErrorFrame"] | components["schemas"]["EventFrame"] | components["schemas"]["MessageFrame"] | components["schemas"]["PongFrame"] | components["schemas"]["PresenceFrame"] | components["schemas"]["ReadFrame"] | components["schemas"]["RecalledFrame"] | components["schemas"]["ResumedFrame"] | components["schemas"]["SaidFrame"] | components["schemas"]["SnapshotFrame"] | components["schemas"]["StateFrame"];
        /** @description Numbers of one sender that are nowhere, between two of their messages in the conversation. */
        Gap: {
            /**
             * Format: int64
             * @description When the message before and the one after were said, in seconds.
             */
            afterTime: number;
            /** Format: int64 */
            beforeTime: number;
            /** Format: int64 */
            first: number;
            from: string;
            /** Format: int64 */
            last: number;
            /** Format: int64 */
            number: number;
        };
        /** @description 成功 */
        Good_BTreeMap: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                [key: string]: number;
            };
        };
        /** @description 成功 */
        Good_Config: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                conversationStatus: components["schemas"]["ConversationStatus"];
                conversationType: components["schemas"]["ConversationTypes"];
                counselor: components["schemas"]["Counselor"];
                emergency: components["schemas"]["Emergency"][];
                im: components["schemas"]["Im"];
                information: Record<string, never>[];
                limits: components["schemas"]["Limits"];
                mode: components["schemas"]["Mode"];
                queueStatus: components["schemas"]["QueueStatus"];
                sandbox?: components["schemas"]["Sandbox"] | null;
                /**
                 * @description Ours: where the institution's days begin, as the IANA names it; the pages tell times in it.
                 * @example Asia/Shanghai
                 */
                timeZone?: string | null;
                /** @description Ours: what the mini-program asks its visitor about, so that they can be told when it is their turn. */
                turnTemplate?: string | null;
                userRoles: components["schemas"]["UserRoles"];
                userType: components["schemas"]["UserType"];
            };
        };
        /** @description 成功 */
        Good_ConversationView: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            /** @description See the module. Null fields are present. */
            result: {
                avatarUrl?: string | null;
                /** Format: int64 */
                callStartTime?: number | null;
                consultation?: components["schemas"]["Id"] | null;
                conversationType: components["schemas"]["ConversationType"];
                counselor?: components["schemas"]["PersonView"] | null;
                /** Format: int64 */
                createdTime: number;
                /**
                 * Format: int64
                 * @description Milliseconds, as everywhere.
                 */
                duration?: number | null;
                endReason?: components["schemas"]["EndReason"] | null;
                /** Format: int64 */
                endTime?: number | null;
                evaluate?: components["schemas"]["EvaluationView"] | null;
                id: components["schemas"]["Id"];
                medium: components["schemas"]["MediumType"];
                priority: components["schemas"]["Priority"];
                queue?: components["schemas"]["QueueView"] | null;
                /** Format: int64 */
                startTime?: number | null;
                status: components["schemas"]["Status"];
                supervise?: components["schemas"]["ConversationView"] | null;
                supervisor?: components["schemas"]["PersonView"] | null;
                user?: components["schemas"]["PersonView"] | null;
                visitorEvaluate?: components["schemas"]["EvaluationView"] | null;
            };
        };
        /** @description 成功 */
        Good_Done: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            /**
             * @description The result of a success without an object.
             * @enum {string}
             */
            result: "ok";
        };
        /** @description 成功 */
        Good_EvaluationView: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            /** @description As it is on the wire. */
            result: {
                content?: string | null;
                conversationId: components["schemas"]["Id"];
                /** Format: int64 */
                createdTime: number;
                creator: components["schemas"]["Id"];
                creatorUser?: components["schemas"]["PersonView"] | null;
                id: components["schemas"]["Id"];
                /** Format: int32 */
                level?: number | null;
                objectType: string;
                tag?: string | null;
            };
        };
        /** @description 成功 */
        Good_Me: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                /** Format: int32 */
                age: number;
                authorities: {
                    [key: string]: string;
                };
                avatarUrl?: string | null;
                /** @description 浏览器用以加密草稿的密钥（base64，32 字节）：仅本人可得，浏览器不得保存。 */
                draftKey: string;
                emergencyContact?: string | null;
                emergencyPhone?: string | null;
                /** @description Their own, and so in clear. */
                gender?: string | null;
                id: components["schemas"]["Id"];
                institutionCode?: string | null;
                /** Format: int32 */
                maxConsults: number;
                name?: string | null;
                phoneNumber?: string | null;
                roles: string;
                type: string;
                username: string;
                /**
                 * Format: int32
                 * @description Of visitors: what one without a name is called by.
                 */
                visitorNumber?: number | null;
            };
        };
        /** @description 成功 */
        Good_MyFigures: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            /** @description What one counselor has done. */
            result: {
                /**
                 * Format: int64
                 * @description In progress now.
                 */
                active: number;
                /**
                 * Format: double
                 * @description Mean of 1 to 5; null if nobody has rated.
                 */
                rating?: number | null;
                /**
                 * Format: int64
                 * @description Of how many ratings.
                 */
                ratingNumber: number;
                /**
                 * Format: int64
                 * @description Consultations begun today.
                 */
                todayNumber: number;
                /**
                 * Format: int64
                 * @description Their length in milliseconds, as far as they are over.
                 */
                todayTime: number;
                /**
                 * Format: int64
                 * @description Consultations ever begun.
                 */
                totalNumber: number;
                /**
                 * Format: int64
                 * @description Their length in milliseconds, as far as they are over.
                 */
                totalTime: number;
            };
        };
        /** @description 成功 */
        Good_Now: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                /** @description What is not settled, the oldest first, as the sockets tell it. */
                alarms: components["schemas"]["AlarmView"][];
                /** @description How many stand in the common queue. */
                common: number;
                /** @description Who is on shift and cannot be reached. */
                missing: components["schemas"]["StaffOverview"][];
                /** @description Who can be reached: online, busy or away. */
                online: components["schemas"]["StaffOverview"][];
                /**
                 * Format: int64
                 * @description When this was so.
                 */
                time: number;
                /** @description Who waits, in the order of service. */
                waiting: components["schemas"]["Waiting"][];
            };
        };
        /** @description 成功 */
        Good_String: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: string;
        };
        /** @description 成功 */
        Good_Subscription: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                /**
                 * Format: int32
                 * @description Messages that may be sent to them.
                 */
                allowed: number;
            };
        };
        /** @description 成功 */
        Good_Uploaded: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            /** @description A picture that was taken in. */
            result: {
                contentType: string;
                /** Format: int32 */
                height: number;
                id: components["schemas"]["Id"];
                /**
                 * Format: int32
                 * @description 字节
                 */
                size: number;
                /** @description 取图片的地址，须登录 */
                url: string;
                /** Format: int32 */
                width: number;
            };
        };
        /** @description 成功，全部 */
        GoodAll_Adviser: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                active: number;
                /** @description Whether they look after the one who asks. */
                bound: boolean;
                /** Format: int32 */
                maxConsults: number;
                onShift: boolean;
                state: components["schemas"]["PublicStatus"];
                user?: components["schemas"]["PersonView"] | null;
                waiting: number;
            }[];
        };
        /** @description 成功，全部 */
        GoodAll_DayOfMonth: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                counselors: number;
                /** Format: date */
                day: string;
                supervisors: number;
                /** Format: int64 */
                timestamp: number;
                users: components["schemas"]["Brief"][];
            }[];
        };
        /** @description 成功，全部 */
        GoodAll_RankingRow: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                avatarUrl?: string | null;
                id: components["schemas"]["Id"];
                name?: string | null;
                /** Format: int64 */
                number: number;
                /** Format: double */
                rating?: number | null;
                username: string;
            }[];
        };
        /** @description 成功，全部 */
        GoodAll_SayAnswer: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: (components["schemas"]["SaidFrame"] | components["schemas"]["SayRefused"])[];
        };
        /** @description 成功，全部 */
        GoodAll_Shift: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                id: components["schemas"]["Id"];
                /**
                 * Format: int64
                 * @description The beginning of the day.
                 */
                timestamp: number;
                user: components["schemas"]["PersonView"];
            }[];
        };
        /** @description 成功，全部 */
        GoodAll_Unread: {
            /** @enum {integer} */
            code: 0;
            /** @enum {string} */
            message: "OK";
            result: {
                conversation: components["schemas"]["Id"];
                last?: components["schemas"]["WebMessage"] | null;
                /**
                 * Format: int64
                 * @description When that was said; milliseconds.
                 */
                lastTime?: number | null;
                /**
                 * Format: int64
                 * @description When the last message of their own was said that the other one has read; milliseconds.
                 */
                peerReadTime?: number | null;
                /**
                 * Format: int64
                 * @description Messages of the other one that are not read.
                 */
                unread: number;
            }[];
        };
        /** @enum {string} */
        Health: "live" | "ready" | "databaseaway" | "journalbehind" | "standby" | "nolease" | "nobus";
        HealthAnswer: {
            status: components["schemas"]["Health"];
        };
        /** @description HTTP 错误 */
        HttpError: {
            /** @example Forbidden */
            error: string;
            /** @example Access Denied */
            message: string;
            /** @example /auth/me */
            path: string;
            /**
             * Format: int32
             * @example 403
             */
            status: number;
            /** @example 2021-04-23T05:53:06.333+00:00 */
            timestamp: string;
        };
        /**
         * @description 32 位十六进制数字
         * @example 2c93189d7b53e68e017b53ead62d002c
         */
        Id: string;
        /** @description Ours: over what people talk, for the pages. */
        Im: {
            imageBytesMax: number;
            mode: components["schemas"]["ImMode"];
            /** Format: int32 */
            sdkAppId: number;
            textCharactersMax: number;
        };
        /**
         * @description Over what people talk.
         * @enum {string}
         */
        ImMode: "embedded" | "tencent";
        /** @description Ours: what the institution allows, in seconds; the pages show the clock of a talk. */
        Limits: {
            limitNoticesSeconds: number[];
            /** Format: int64 */
            silenceEndSeconds: number;
            /** Format: int64 */
            silenceNoticeSeconds: number;
            /** Format: int64 */
            textSeconds: number;
            /** Format: int64 */
            voiceSeconds: number;
            /** Format: int64 */
            waitingSeconds: number;
        };
        /** @description A page of rows, or a refusal. */
        Listed_ConversationView: components["schemas"]["Page_ConversationView"] | components["schemas"]["Refusal"];
        /** @description A page of rows, or a refusal. */
        Listed_Gap: components["schemas"]["Page_Gap"] | components["schemas"]["Refusal"];
        /** @description A page of rows, or a refusal. */
        Listed_OnDuty: components["schemas"]["Page_OnDuty"] | components["schemas"]["Refusal"];
        /** @description A page of rows, or a refusal. */
        Listed_PersonView: components["schemas"]["Page_PersonView"] | components["schemas"]["Refusal"];
        /** @description A page of rows, or a refusal. */
        Listed_Unmatched: components["schemas"]["Page_Unmatched"] | components["schemas"]["Refusal"];
        /** @description A page of rows, or a refusal. */
        Listed_WebMessage: components["schemas"]["Page_WebMessage"] | components["schemas"]["Refusal"];
        /** @description How loaded a counselor or supervisor is, as others see it. */
        LoadView: {
            active: number;
            counselor: components["schemas"]["Id"];
            /** Format: int32 */
            maxConsults: number;
            onShift: boolean;
            presence: components["schemas"]["PublicStatus"];
            role: components["schemas"]["Role"];
            /** @description Who waits for them by name. */
            waiting: number;
        };
        /** @description 1. 后台用户登录接口 */
        Login: {
            /**
             * @description 密码，需要MD5后传输
             * @example 173afad5992a3f73a472fc09b05b1fb7
             */
            password: string;
            /**
             * @description 用户名
             * @example ecnu_admin
             */
            username: string;
        };
        /** @description 21. 修改咨询师最大咨询人数 */
        MaxConsults: {
            /**
             * Format: int64
             * @description 最大咨询数量
             * @example 8
             */
            maxConsults: number;
        };
        Me: {
            /** Format: int32 */
            age: number;
            authorities: {
                [key: string]: string;
            };
            avatarUrl: string | null;
            /** @description 浏览器用以加密草稿的密钥（base64，32 字节）：仅本人可得，浏览器不得保存。 */
            draftKey: string;
            emergencyContact: string | null;
            emergencyPhone: string | null;
            /** @description Their own, and so in clear. */
            gender: string | null;
            id: components["schemas"]["Id"];
            institutionCode: string | null;
            /** Format: int32 */
            maxConsults: number;
            name: string | null;
            phoneNumber: string | null;
            roles: string;
            type: string;
            username: string;
            /**
             * Format: int32
             * @description Of visitors: what one without a name is called by.
             */
            visitorNumber: number | null;
        };
        /** @enum {string} */
        MediumType: "TEXT" | "VOICE";
        /** @description Somebody else, or another socket of one's own, said something. */
        MessageFrame: {
            conversation: components["schemas"]["Id"];
            message: components["schemas"]["SaidMessage"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "message";
        };
        Mode: {
            activeMode: string;
        };
        /** @description What one counselor has done. */
        MyFigures: {
            /**
             * Format: int64
             * @description In progress now.
             */
            active: number;
            /**
             * Format: double
             * @description Mean of 1 to 5; null if nobody has rated.
             */
            rating: number | null;
            /**
             * Format: int64
             * @description Of how many ratings.
             */
            ratingNumber: number;
            /**
             * Format: int64
             * @description Consultations begun today.
             */
            todayNumber: number;
            /**
             * Format: int64
             * @description Their length in milliseconds, as far as they are over.
             */
            todayTime: number;
            /**
             * Format: int64
             * @description Consultations ever begun.
             */
            totalNumber: number;
            /**
             * Format: int64
             * @description Their length in milliseconds, as far as they are over.
             */
            totalTime: number;
        };
        /** @description 11、12. 以用户名指定的后台用户 */
        NamedStaff: components["schemas"]["StaffProfile"] & {
            /** @description 用户名，不可更改 */
            username: string;
        };
        /** @description 5. 新的后台用户 */
        NewBackOffice: components["schemas"]["NewStaff"] & {
            /** @enum {string} */
            role: "ROLE_COUNSELOR" | "ROLE_SUPERVISOR" | "ROLE_INSTITUTION_ADMINISTRATOR" | "ROLE_SYSTEM_ADMINISTRATOR";
        };
        /** @description 8、9. 新的督导、咨询师 */
        NewStaff: components["schemas"]["StaffProfile"] & {
            /** @description 机构编码，系统管理员必填 */
            institutionCode?: string | null;
            /**
             * @description 密码，需要MD5后传输
             * @example 173afad5992a3f73a472fc09b05b1fb7
             */
            password: string;
            /** @description 2到32位的字母、数字、下划线或连字符 */
            username: string;
        };
        /** @description What a notice of ours says, so that nobody has to read it out of the sentence. */
        Notice: {
            /** @description 提示的种类，如 `silence`（长时间无人发言）、`limit`（即将到时）；全部见 docs/contract.md 第 5 节 */
            kind: string;
            /**
             * Format: int32
             * @description 提示里说到的秒数，如 `limit` 的距结束的秒数；没有时为 null
             */
            seconds: number | null;
        };
        Now: {
            /** @description What is not settled, the oldest first, as the sockets tell it. */
            alarms: components["schemas"]["AlarmView"][];
            /** @description How many stand in the common queue. */
            common: number;
            /** @description Who is on shift and cannot be reached. */
            missing: components["schemas"]["StaffOverview"][];
            /** @description Who can be reached: online, busy or away. */
            online: components["schemas"]["StaffOverview"][];
            /**
             * Format: int64
             * @description When this was so.
             */
            time: number;
            /** @description Who waits, in the order of service. */
            waiting: components["schemas"]["Waiting"][];
        };
        /** @description Somebody on duty, as they are just now. */
        OnDuty: (components["schemas"]["ForVisitor"] | null) & {
            active: number;
            id: components["schemas"]["Id"];
            /** Format: int32 */
            maxConsults: number;
            state: string;
            /** Format: int64 */
            timestamp: number;
            user: components["schemas"]["PersonView"];
            /** @description How many are served before somebody who asks for this one now. */
            waiting: number;
        };
        /** @description 26. 创建会话 */
        Open: {
            /**
             * @description 咨询师id；不指定或 `any` 时由任意在线值班咨询师接待
             * @example any
             */
            counselor?: string | null;
            /** @description 指定的咨询师离线或久等时，是否也可由其他咨询师接待；默认按机构配置 */
            fallback?: boolean | null;
        };
        /** @description 18. 更新访客信息：未传的不变，空串为清除 */
        OwnProfile: {
            /** Format: int64 */
            age?: number | null;
            avatarUrl?: string | null;
            emergencyContact?: string | null;
            emergencyPhone?: string | null;
            gender?: string | null;
            name?: string | null;
            phoneNumber?: string | null;
        };
        /** @description 成功，分页列表 */
        Page_ConversationView: {
            /** @enum {integer} */
            code: 0;
            /**
             * Format: int64
             * @description 符合条件的总数，不限于本页
             */
            count: number;
            /** @enum {string} */
            message: "OK";
            next: null;
            result: {
                avatarUrl?: string | null;
                /** Format: int64 */
                callStartTime?: number | null;
                consultation?: components["schemas"]["Id"] | null;
                conversationType: components["schemas"]["ConversationType"];
                counselor?: components["schemas"]["PersonView"] | null;
                /** Format: int64 */
                createdTime: number;
                /**
                 * Format: int64
                 * @description Milliseconds, as everywhere.
                 */
                duration?: number | null;
                endReason?: components["schemas"]["EndReason"] | null;
                /** Format: int64 */
                endTime?: number | null;
                evaluate?: components["schemas"]["EvaluationView"] | null;
                id: components["schemas"]["Id"];
                medium: components["schemas"]["MediumType"];
                priority: components["schemas"]["Priority"];
                queue?: components["schemas"]["QueueView"] | null;
                /** Format: int64 */
                startTime?: number | null;
                status: components["schemas"]["Status"];
                supervise?: components["schemas"]["ConversationView"] | null;
                supervisor?: components["schemas"]["PersonView"] | null;
                user?: components["schemas"]["PersonView"] | null;
                visitorEvaluate?: components["schemas"]["EvaluationView"] | null;
            }[];
        };
        /** @description 成功，分页列表 */
        Page_Gap: {
            /** @enum {integer} */
            code: 0;
            /**
             * Format: int64
             * @description 符合条件的总数，不限于本页
             */
            count: number;
            /** @enum {string} */
            message: "OK";
            next: null;
            result: {
                /**
                 * Format: int64
                 * @description When the message before and the one after were said, in seconds.
                 */
                afterTime: number;
                /** Format: int64 */
                beforeTime: number;
                /** Format: int64 */
                first: number;
                from: string;
                /** Format: int64 */
                last: number;
                /** Format: int64 */
                number: number;
            }[];
        };
        /** @description 成功，分页列表 */
        Page_OnDuty: {
            /** @enum {integer} */
            code: 0;
            /**
             * Format: int64
             * @description 符合条件的总数，不限于本页
             */
            count: number;
            /** @enum {string} */
            message: "OK";
            next: null;
            result: ((components["schemas"]["ForVisitor"] | null) & {
                active: number;
                id: components["schemas"]["Id"];
                /** Format: int32 */
                maxConsults: number;
                state: string;
                /** Format: int64 */
                timestamp: number;
                user: components["schemas"]["PersonView"];
                /** @description How many are served before somebody who asks for this one now. */
                waiting: number;
            })[];
        };
        /** @description 成功，分页列表 */
        Page_PersonView: {
            /** @enum {integer} */
            code: 0;
            /**
             * Format: int64
             * @description 符合条件的总数，不限于本页
             */
            count: number;
            /** @enum {string} */
            message: "OK";
            next: null;
            result: {
                accountNonExpired: boolean;
                accountNonLocked: boolean;
                activated: boolean;
                /** Format: int64 */
                activateTime?: number | null;
                /** Format: int32 */
                age: number;
                /** @default null */
                authorities: unknown;
                avatar?: string | null;
                avatarUrl?: string | null;
                /** Format: int64 */
                createdTime: number;
                creator?: components["schemas"]["Id"] | null;
                credentialsNonExpired: boolean;
                department?: string | null;
                email?: string | null;
                emergencyContact?: string | null;
                emergencyPhone?: string | null;
                enabled: boolean;
                gender?: string | null;
                id: components["schemas"]["Id"];
                idNumber?: string | null;
                institutionCode?: string | null;
                lastUpdater?: components["schemas"]["Id"] | null;
                /** Format: int64 */
                lastUpdateTime: number;
                /** Format: int32 */
                maxConsults: number;
                name?: string | null;
                openId?: string | null;
                phoneNumber?: string | null;
                qualification?: string | null;
                qualificationCode?: string | null;
                roles: string;
                state?: string | null;
                subscribe: boolean;
                supervisors?: components["schemas"]["Id"][] | null;
                title?: string | null;
                /** Format: int64 */
                totalTime: number;
                type: string;
                username: string;
                /**
                 * Format: int32
                 * @description Ours: what a visitor without a name is called by.
                 */
                visitorNumber?: number | null;
            }[];
        };
        /** @description 成功，分页列表 */
        Page_Unmatched: {
            /** @enum {integer} */
            code: 0;
            /**
             * Format: int64
             * @description 符合条件的总数，不限于本页
             */
            count: number;
            /** @enum {string} */
            message: "OK";
            next: null;
            result: {
                cloudCustomData: string;
                from: string;
                id: components["schemas"]["Id"];
                /** @description 消息过大，内容未保留 */
                isTooLarge: boolean;
                msgKey: string;
                payload: unknown;
                /** @description The word of the store, and the same for people. */
                reason: string;
                reasonText: string;
                /**
                 * Format: int64
                 * @description Milliseconds.
                 */
                receivedTime: number;
                /**
                 * Format: int64
                 * @description Seconds since the epoch, as everywhere with messages.
                 */
                time: number;
                to: string;
                type: string;
            }[];
        };
        /** @description 成功，分页列表 */
        Page_WebMessage: {
            /** @enum {integer} */
            code: 0;
            /**
             * Format: int64
             * @description 符合条件的总数，不限于本页
             */
            count: number;
            /** @enum {string} */
            message: "OK";
            next: null;
            result: {
                avatar: string;
                cloudCustomData: string;
                conversationID: string;
                conversationType: string;
                /** @description 一条消息含多个元素时的全部元素；只有一个时为 null */
                elements?: components["schemas"]["Element"][] | null;
                flow: string;
                from: string;
                ID: string;
                isDeleted: boolean;
                isModified: boolean;
                isPeerRead: boolean;
                isRevoked: boolean;
                nick: string;
                notice?: components["schemas"]["Notice"] | null;
                payload: unknown;
                priority: string;
                /** Format: int64 */
                random: number;
                /** Format: int64 */
                sequence: number;
                status: string;
                /**
                 * Format: int64
                 * @description Seconds since the epoch.
                 */
                time: number;
                to: string;
                type: string;
            }[];
        };
        /** @description The fields of the document's section 16, in its order. */
        PersonView: {
            accountNonExpired: boolean;
            accountNonLocked: boolean;
            activated: boolean;
            /** Format: int64 */
            activateTime: number | null;
            /** Format: int32 */
            age: number;
            /** @default null */
            authorities: unknown;
            avatar: string | null;
            avatarUrl: string | null;
            /** Format: int64 */
            createdTime: number;
            creator: components["schemas"]["Id"] | null;
            credentialsNonExpired: boolean;
            department: string | null;
            email: string | null;
            emergencyContact: string | null;
            emergencyPhone: string | null;
            enabled: boolean;
            gender: string | null;
            id: components["schemas"]["Id"];
            idNumber: string | null;
            institutionCode: string | null;
            lastUpdater: components["schemas"]["Id"] | null;
            /** Format: int64 */
            lastUpdateTime: number;
            /** Format: int32 */
            maxConsults: number;
            name: string | null;
            openId: string | null;
            phoneNumber: string | null;
            qualification: string | null;
            qualificationCode: string | null;
            roles: string;
            state: string | null;
            subscribe: boolean;
            supervisors: components["schemas"]["Id"][] | null;
            title: string | null;
            /** Format: int64 */
            totalTime: number;
            type: string;
            username: string;
            /**
             * Format: int32
             * @description Ours: what a visitor without a name is called by.
             */
            visitorNumber: number | null;
        };
        /** @description 7. 微信小程序获取当前用户手机号：`code`，或 `encryptedData` 与 `iv` */
        PhoneProof: {
            /** @description 新版 getPhoneNumber 给出的 code */
            code?: string | null;
            /** @description getPhoneNumber 给出的密文（base64） */
            encryptedData?: string | null;
            /** @description 密文的初始向量（base64） */
            iv?: string | null;
        };
        /** @description Answered with a pong, for clients that cannot see the protocol's own. */
        PingCommand: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "ping";
        };
        PongFrame: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "pong";
        };
        /** @description What a counselor chose. */
        PresenceCommand: {
            presence: components["schemas"]["ChosenStatus"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "presence";
        };
        /** @description What a counselor or supervisor is from now on. */
        PresenceFrame: {
            presence: components["schemas"]["ChosenStatus"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "presence";
        };
        /** @description 自有：改变排队优先级 */
        Prioritize: {
            /** @enum {string} */
            priority: "NORMAL" | "URGENT";
        };
        /** @enum {string} */
        Priority: "NORMAL" | "URGENT";
        /** @description An event as it is told; others are not told, but show as state. */
        PublicEvent: {
            conversation: components["schemas"]["Id"];
            /** @enum {string} */
            event: "opened";
            talk: components["schemas"]["Talk"];
        } | {
            conversation: components["schemas"]["Id"];
            /** @enum {string} */
            event: "widened";
            talk: components["schemas"]["Talk"];
        } | {
            conversation: components["schemas"]["Id"];
            /** @enum {string} */
            event: "priority-changed";
            priority: components["schemas"]["Priority"];
            talk: components["schemas"]["Talk"];
        } | {
            conversation: components["schemas"]["Id"];
            counselor: components["schemas"]["Id"];
            /** @enum {string} */
            event: "assigned";
            talk: components["schemas"]["Talk"];
        } | {
            conversation: components["schemas"]["Id"];
            /** @enum {string} */
            event: "medium-changed";
            talk: components["schemas"]["Talk"];
        } | {
            conversation: components["schemas"]["Id"];
            /** @enum {string} */
            event: "noticed";
            /** @description Its kind, with the seconds that it speaks of behind it, if it does: `silence`, `limit-600`. */
            notice: string;
            talk: components["schemas"]["Talk"];
            text: string;
        } | {
            /** Format: int32 */
            afterSeconds: number;
            conversation: components["schemas"]["Id"];
            counselor?: components["schemas"]["Id"];
            /** @enum {string} */
            event: "unanswered";
            talk: components["schemas"]["Talk"];
        } | {
            conversation: components["schemas"]["Id"];
            /** @description Whoever took it, if anybody did. */
            counselor?: components["schemas"]["Id"];
            endReason: components["schemas"]["EndReason"];
            /** @enum {string} */
            event: "ended";
            status: components["schemas"]["Status"];
            talk: components["schemas"]["Talk"];
        } | {
            counselor: components["schemas"]["Id"];
            /** @enum {string} */
            event: "counselor-lost";
        } | {
            counselor: components["schemas"]["Id"];
            /** @enum {string} */
            event: "capacity-changed";
            /** Format: int32 */
            maxConsults: number;
        } | {
            /** @enum {string} */
            event: "expelled";
            person: components["schemas"]["Id"];
        };
        /** @enum {string} */
        PublicStatus: "online" | "busy" | "away" | "offline";
        /** @description Ours: what a conversation is before it begins. Apart, so that `conversationStatus` keeps its three. */
        QueueStatus: {
            CANCELLED: string;
            WAITING: string;
        };
        /** @description A waiting conversation's place, counted as people count. */
        QueueView: {
            /** @description How many are served before, by whoever serves this one. */
            ahead: number;
            counselorState: components["schemas"]["PublicStatus"] | null;
            /**
             * Format: int64
             * @description A guess in whole minutes; null while it cannot be known.
             */
            estimatedWaitSeconds: number | null;
            /** @description Nobody is served before, and somebody is there to serve. */
            next: boolean;
            /**
             * Format: int64
             * @description While none of those who would serve can be reached, nor has a shift today: the start of the next day on which one
             *     has.
             */
            nextShift: number | null;
            position: number;
            /**
             * Format: int64
             * @description When the limit ends the wait.
             */
            waitUntil: number;
        };
        /** @description A row of a ranking. */
        RankingRow: {
            avatarUrl?: string | null;
            id: components["schemas"]["Id"];
            name?: string | null;
            /** Format: int64 */
            number: number;
            /** Format: double */
            rating?: number | null;
            username: string;
        };
        /** @description Has read everything the other one said so far. */
        ReadCommand: {
            conversation: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "read";
        };
        /** @description Somebody has read all that the other one had said until then. */
        ReadFrame: {
            conversation: components["schemas"]["Id"];
            reader: components["schemas"]["Id"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "read";
            /** Format: int64 */
            until: number;
        };
        /** @description Takes a message of one's own back. */
        RecallCommand: {
            conversation: string;
            message: string;
            ref: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "recall";
        };
        /** @description A message was taken back. */
        RecalledFrame: {
            conversation: components["schemas"]["Id"];
            message: components["schemas"]["Id"];
            /** @description To whoever asked. */
            ref?: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "recalled";
        };
        /** @description 业务拒绝：HTTP 200，错误码为负 */
        Refusal: {
            /**
             * @description -1 状态不允许或出错；-2 参数缺失或格式不正确；-3 账号或人员不存在，或尝试次数过多；-5 未开通权限
             * @enum {integer}
             */
            code: -1 | -2 | -3 | -5;
            /** @description 有误的参数 */
            field?: string | null;
            /**
             * @description 供人阅读；请求带 `Accept-Language: en` 时为英文
             * @example 未开通权限
             */
            message: string | null;
            /**
             * @description 供程序识别的原因，不随语言变化
             * @example notAllowed
             */
            reason?: string | null;
            result: null;
        };
        /** @description What was missed follows, up to this cursor. */
        ResumedFrame: {
            /** Format: int64 */
            cursor: number;
            /** @description Of a counselor or supervisor. */
            presence?: components["schemas"]["ChosenStatus"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "resumed";
        };
        /** @enum {string} */
        Role: "counselor" | "supervisor";
        /** @description It is stored. */
        SaidFrame: {
            conversation: components["schemas"]["Id"];
            message: components["schemas"]["SaidMessage"];
            ref: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "said";
        };
        /** @description A row of `/message/conversation/web`, with what only the sockets tell. */
        SaidMessage: components["schemas"]["WebMessage"] & {
            /** @description The sender's own key of it. */
            ref: string;
            /**
             * Format: int64
             * @description When it was said, in milliseconds.
             */
            timeMs: number;
        };
        /** @description Ours: where anybody may log in as a visitor, to try it. */
        Sandbox: {
            appid: string;
        };
        /** @description 发送一条消息；`text` 与 `image` 二选一 */
        Say: {
            /** @description 会话id */
            conversation: string;
            /** @description 已上传的图片（`POST /im/image`）的id */
            image?: string | null;
            /**
             * @description 客户端为此消息取的名字，1 到 64 字；重发时不变
             * @example 7f0c2d9e
             */
            ref: string;
            /** @description 文字，1 到 4000 字；与 `image` 二选一 */
            text?: string | null;
        };
        SayAnswer: components["schemas"]["SaidFrame"] | components["schemas"]["SayRefused"];
        /** @description Says something. */
        SayCommand: components["schemas"]["Say"] & {
            /** @enum {string} */
            type: "say";
        } & {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "say";
        };
        /** @description 未发送 */
        SayRefused: {
            /**
             * @description -1 状态不允许或出错；-2 参数缺失或格式不正确；-3 账号或人员不存在，或尝试次数过多；-5 未开通权限
             * @enum {integer}
             */
            code: -1 | -2 | -3 | -5;
            /**
             * @description 原因，供人阅读
             * @example 当前没有进行中的会话，消息未发送。
             */
            message: string;
            reason: components["schemas"]["ChatReason"];
            /** @description 缺少时无此项 */
            ref?: string | null;
            /** @enum {string} */
            type: "error";
        };
        Shift: {
            id: components["schemas"]["Id"];
            /**
             * Format: int64
             * @description The beginning of the day.
             */
            timestamp: number;
            user: components["schemas"]["PersonView"];
        };
        /** @description All that somebody sees when they come. */
        Snapshot: components["schemas"]["WorkbenchView"] | components["schemas"]["VisitView"] | components["schemas"]["AdministratorView"];
        /** @description The first frame, unless the socket resumes. */
        SnapshotFrame: components["schemas"]["Snapshot"] & {
            /** @enum {string} */
            type: "snapshot";
        } & {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "snapshot";
        };
        StaffOverview: {
            active: number;
            /** Format: int32 */
            maxConsults: number;
            onShift: boolean;
            role: components["schemas"]["Role"];
            state: components["schemas"]["PublicStatus"];
            user: components["schemas"]["PersonView"] | null;
            waiting: number;
        };
        /** @description 11、12、19. 后台用户的资料：未传的不变，空串为清除 */
        StaffProfile: {
            /** Format: int64 */
            age?: number | null;
            avatarUrl?: string | null;
            department?: string | null;
            email?: string | null;
            emergencyContact?: string | null;
            emergencyPhone?: string | null;
            gender?: string | null;
            idNumber?: string | null;
            name?: string | null;
            /** @description 新密码，需要MD5后传输 */
            password?: string | null;
            phoneNumber?: string | null;
            qualification?: string | null;
            qualificationCode?: string | null;
            /** @description 咨询师的督导，用户id */
            supervisors?: string[] | null;
            title?: string | null;
        };
        StateFrame: components["schemas"]["StateUpdate"] & {
            /** @enum {string} */
            type: "state";
        } & {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "state";
        };
        /** @description What is no event: it has no number, and the latest counts. */
        StateUpdate: {
            queue: components["schemas"]["QueueView"];
        } | {
            /** @description By talk, where it has changed; null: answered, in a call, or over. */
            unansweredSince: {
                [key: string]: number | null;
            };
        } | {
            /** @description All that is not settled. */
            alarms: components["schemas"]["AlarmView"][];
        } | {
            common: components["schemas"]["CommonQueue"];
            /** @description Of a counselor or supervisor: it changes at midnight, and when somebody is put on shift. */
            onShift?: boolean;
            /** @description For supervisors and administrators. */
            others?: components["schemas"]["LoadView"][];
        };
        /** @enum {string} */
        Status: "WAITING" | "IN_PROGRESS" | "FINISHED" | "TIME_OUT" | "CANCELLED";
        /** @description 自有：允许发送一次订阅消息 */
        Subscribe: {
            /** @description 用户同意的模板，默认为配置的模板 */
            templateId?: string | null;
        };
        Subscription: {
            /**
             * Format: int32
             * @description Messages that may be sent to them.
             */
            allowed: number;
        };
        /** @description A conversation that waits, runs, or has just ended. */
        Talk: {
            /** @description Whether it stands, or stood, in the common queue. */
            common: boolean;
            consultation: components["schemas"]["Id"] | null;
            conversationType: components["schemas"]["ConversationType"];
            counselor: components["schemas"]["Id"] | null;
            /** Format: int64 */
            createdTime: number;
            id: components["schemas"]["Id"];
            priority: components["schemas"]["Priority"];
            /** Format: int64 */
            startTime: number | null;
            status: components["schemas"]["Status"];
            /**
             * Format: int64
             * @description When the visitor's first message came that nobody has answered yet, or the start; null once it is answered.
             */
            unansweredSince: number | null;
            visitor: components["schemas"]["Id"];
            wanted: components["schemas"]["Id"] | null;
        };
        /** @description Who waits for an answer, in a snapshot. */
        Unanswered: {
            /** @description What is not settled. */
            alarms: components["schemas"]["AlarmView"][];
            /** @description By talk, since when; only those whose visitor waits. */
            unansweredSince: {
                [key: string]: number;
            };
        };
        /** @description An unmatched message. Holds a person's words: prints none of them. */
        Unmatched: {
            cloudCustomData: string;
            from: string;
            id: components["schemas"]["Id"];
            /** @description 消息过大，内容未保留 */
            isTooLarge: boolean;
            msgKey: string;
            payload: unknown;
            /** @description The word of the store, and the same for people. */
            reason: string;
            reasonText: string;
            /**
             * Format: int64
             * @description Milliseconds.
             */
            receivedTime: number;
            /**
             * Format: int64
             * @description Seconds since the epoch, as everywhere with messages.
             */
            time: number;
            to: string;
            type: string;
        };
        /** @description One talk in progress. */
        Unread: {
            conversation: components["schemas"]["Id"];
            last: components["schemas"]["WebMessage"] | null;
            /**
             * Format: int64
             * @description When that was said; milliseconds.
             */
            lastTime: number | null;
            /**
             * Format: int64
             * @description When the last message of their own was said that the other one has read; milliseconds.
             */
            peerReadTime: number | null;
            /**
             * Format: int64
             * @description Messages of the other one that are not read.
             */
            unread: number;
        };
        /** @description What an unready server answers: what it lacks, or that it stops. */
        Unready: components["schemas"]["HealthAnswer"] | components["schemas"]["HttpError"];
        /** @description A picture that was taken in. */
        Uploaded: {
            contentType: string;
            /** Format: int32 */
            height: number;
            id: components["schemas"]["Id"];
            /**
             * Format: int32
             * @description 字节
             */
            size: number;
            /** @description 取图片的地址，须登录 */
            url: string;
            /** Format: int32 */
            width: number;
        };
        UserRoles: {
            ROLE_COUNSELOR: string;
            ROLE_SUPERVISOR: string;
        };
        UserType: {
            COUNSELOR: string;
            SUPERVISOR: string;
            VISITOR: string;
        };
        /** @description Of a visitor. */
        VisitView: {
            conversation: components["schemas"]["Talk"] | null;
            /** Format: int64 */
            cursor: number;
            queue: components["schemas"]["QueueView"] | null;
        };
        Waiting: {
            /** @description Whether it stands in the common queue. */
            common: boolean;
            conversationType: components["schemas"]["ConversationType"];
            counselor: components["schemas"]["PersonView"] | null;
            /** Format: int64 */
            createdTime: number;
            id: components["schemas"]["Id"];
            priority: components["schemas"]["Priority"];
            user: components["schemas"]["PersonView"] | null;
            /**
             * Format: int64
             * @description Milliseconds since then.
             */
            waited: number;
        };
        /** @description One row of `/message/conversation/web`, with exactly these keys. */
        WebMessage: {
            avatar: string;
            cloudCustomData: string;
            conversationID: string;
            conversationType: string;
            /** @description 一条消息含多个元素时的全部元素；只有一个时为 null */
            elements: components["schemas"]["Element"][] | null;
            flow: string;
            from: string;
            ID: string;
            isDeleted: boolean;
            isModified: boolean;
            isPeerRead: boolean;
            isRevoked: boolean;
            nick: string;
            notice: components["schemas"]["Notice"] | null;
            payload: unknown;
            priority: string;
            /** Format: int64 */
            random: number;
            /** Format: int64 */
            sequence: number;
            status: string;
            /**
             * Format: int64
             * @description Seconds since the epoch.
             */
            time: number;
            to: string;
            type: string;
        };
        /** @description Of a counselor or supervisor. */
        WorkbenchView: components["schemas"]["Unanswered"] & {
            /** @description Talks that run, the oldest first. */
            active: components["schemas"]["Talk"][];
            common: components["schemas"]["CommonQueue"];
            /** Format: int64 */
            cursor: number;
            /** Format: int32 */
            maxConsults: number;
            onShift: boolean;
            presence: components["schemas"]["ChosenStatus"];
            /** @description Who waits for them by name, in the order of service. */
            waiting: components["schemas"]["Talk"][];
        };
    };
    responses: {
        /** @description 未登录、会话失效，或请求来自别的站点 */
        AccessDenied: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["HttpError"];
            };
        };
        /** @description 服务出错 */
        Failed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["HttpError"];
            };
        };
        /** @description 消息体不合法 */
        Malformed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["HttpError"];
            };
        };
        /** @description 路径不存在 */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["HttpError"];
            };
        };
        /** @description 服务停止中 */
        Stopping: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["HttpError"];
            };
        };
        /** @description 消息体过大 */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["HttpError"];
            };
        };
        /** @description 消息体须为 JSON 并如此声明 */
        UnsupportedMediaType: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["HttpError"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    put_arrange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Arrange"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnsweredAll_Shift"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    delete_arrange_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 排班id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_arrange_batch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ArrangeWeek"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_arrange_month: {
        parameters: {
            query?: {
                /** @description 当月的任一时刻，默认现在 */
                timestamp?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnsweredAll_DayOfMonth"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_arrange_theday: {
        parameters: {
            query: {
                /** @description 页码，首页为 0 */
                page?: number;
                /** @description 数量，至多 200，默认 20 */
                size?: number;
                /** @description 状态，默认不限 */
                state?: "online" | "busy" | "away" | "offline";
                /** @description 当天的任一时刻 */
                timestamp: number;
                /** @description 咨询师或督导 */
                type: "COUNSELOR" | "SUPERVISOR";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed_OnDuty"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_auth_login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    /** @description 会话令牌 */
                    "X-Auth-Token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_auth_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Me"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_auth_wx_appid_login: {
        parameters: {
            query: {
                /**
                 * @description 微信小程序端调用微信login获得的code
                 * @example first
                 */
                code: string;
            };
            header?: never;
            path: {
                /** @description 微信小程序APPID */
                appid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    /** @description 会话令牌 */
                    "X-Auth-Token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_config: {
        parameters: {
            query?: {
                /** @description 微信小程序APPID，决定机构 */
                appid?: string;
                /** @description 机构编码；缺省为登录者的机构，再缺省为第一个机构 */
                institutionCode?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Config"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    put_conversation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Open"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_ConversationView"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_conversation_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 会话id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_ConversationView"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    delete_conversation_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 会话id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_conversation_7statistics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_BTreeMap_String_i64"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_conversation_batchexport: {
        parameters: {
            query?: {
                /** @description 以固定代号替换姓名、号码与 id；不含图片 */
                anonymize?: boolean;
                /** @description 文件格式，默认 txt；单个会话导出还可以是 zip（文字与图片） */
                format?: "txt" | "json" | "xlsx" | "zip";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description 会话id列表，至多 1000 */
        requestBody: {
            content: {
                "application/json": string[];
            };
        };
        responses: {
            /** @description 压缩文件，一个会话一个目录；业务拒绝则为 JSON */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                    "application/zip": components["schemas"]["Download"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_conversation_consultlist: {
        parameters: {
            query?: {
                /** @description 会话类型，默认咨询会话 */
                conversationType?: "COUNSELING_SESSION" | "REQUEST_SUPERVISE";
                /** @description 咨询师姓名，模糊查询 */
                counselorName?: string;
                /** @description 顺序，默认倒序 */
                direction?: "asc" | "desc";
                /** @description 结束时间：此时或之前开始的会话，未开始的按发起时间 */
                endTime?: number;
                /** @description 页码，首页为 0 */
                page?: number;
                /** @description 排序依据，默认创建时间 */
                property?: "level" | "createdTime" | "startTime" | "endTime" | "duration";
                /** @description 数量，至多 200，默认 20 */
                size?: number;
                /** @description 开始时间：此时或之后开始的会话，未开始的按发起时间 */
                startTime?: number;
                /** @description 状态 */
                status?: "WAITING" | "IN_PROGRESS" | "FINISHED" | "TIME_OUT" | "CANCELLED";
                /** @description 自有：访客id，只列此人的 */
                visitor?: string;
                /** @description 访客姓名，未填姓名的为“访客 12”，模糊查询 */
                visitorName?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed_ConversationView"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_conversation_current: {
        parameters: {
            query?: {
                /** @description 页码，首页为 0 */
                page?: number;
                /** @description 数量，至多 200，默认 20 */
                size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed_ConversationView"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_conversation_end_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 会话id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_conversation_export_id: {
        parameters: {
            query?: {
                /** @description 以固定代号替换姓名、号码与 id；不含图片 */
                anonymize?: boolean;
                /** @description 文件格式，默认 txt；单个会话导出还可以是 zip（文字与图片） */
                format?: "txt" | "json" | "xlsx" | "zip";
            };
            header?: never;
            path: {
                /** @description 会话id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 文件；业务拒绝则为 JSON */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": components["schemas"]["Download"];
                    "application/zip": components["schemas"]["Download"];
                    "text/plain": string;
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_conversation_mine: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_MyFigures"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_conversation_numberranking: {
        parameters: {
            query?: {
                /** @description 人数，默认 10 */
                size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnsweredAll_RankingRow"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_conversation_priority_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 会话id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Prioritize"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_ConversationView"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_conversation_ratedranking: {
        parameters: {
            query?: {
                /** @description 人数，默认 10 */
                size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnsweredAll_RankingRow"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    put_conversation_supervise: {
        parameters: {
            query: {
                /** @description 请求督导的会话id */
                conversationId: string;
                /** @description 督导id */
                supervise: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_ConversationView"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_conversation_todaychange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_BTreeMap_String_i64"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_dispatch_now: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Now"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_dispatch_supervisors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnsweredAll_Adviser"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    put_evaluate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Evaluate"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_EvaluationView"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_health_live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_health_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            /** @description 数据库不可用，或服务停止中 */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Unready"];
                };
            };
        };
    };
    post_im_image: {
        parameters: {
            query: {
                /**
                 * @description 会话id
                 * @example 2c93189d7b53e68e017b53ead62d002c
                 */
                conversation: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/octet-stream": number[];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Uploaded"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_im_image_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 图片id */
                id: components["schemas"]["Id"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 图片本身，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_im_say: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Say"][];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnsweredAll_SayAnswer"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_im_sign: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_String"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 会话已结束 */
            302: {
                headers: {
                    /** @description /login */
                    Location?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_message_callback: {
        parameters: {
            query?: {
                /**
                 * @description 回调命令，须与消息体一致
                 * @example C2C.CallbackAfterSendMsg
                 */
                CallbackCommand?: string;
                /** @description 配置 `im.callback_token` 后必填：`Sign` 的时间（秒） */
                RequestTime?: string;
                /**
                 * @description 即时通信应用
                 * @example 1400513208
                 */
                SdkAppid?: string;
                /** @description 配置 `im.callback_token` 后必填：`SHA256(token + RequestTime)` */
                Sign?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CallbackBody"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallbackAnswer"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_message_conversation_web: {
        parameters: {
            query: {
                /** @description 会话id */
                conversationId: string;
                /** @description 页码，首页为 0 */
                page?: number;
                /** @description 数量，至多 200，默认 20 */
                size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed_WebMessage"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_message_gaps: {
        parameters: {
            query: {
                /** @description 会话id */
                conversationId: string;
                /** @description 页码，首页为 0 */
                page?: number;
                /** @description 数量，至多 200，默认 20 */
                size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed_Gap"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_message_unplaced: {
        parameters: {
            query?: {
                /** @description 页码，首页为 0 */
                page?: number;
                /** @description 数量，至多 200，默认 20 */
                size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed_Unmatched"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_message_unread: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnsweredAll_Unread"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 指标 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_active_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 用户id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_ban_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 用户id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_user_list: {
        parameters: {
            query?: {
                /** @description 部门 */
                department?: string;
                /** @description 性别 */
                gender?: string;
                /** @description 机构编码，仅系统管理员可用 */
                institutionCode?: string;
                /** @description 姓名，未填姓名的访客为“访客 12”，模糊查询 */
                name?: string;
                /** @description 页码，首页为 1 */
                page?: number;
                /** @description 手机号；对咨询师不开放 */
                phoneNumber?: string;
                /** @description 数量，至多 200，默认 10 */
                size?: number;
                /** @description 用户类型，默认为可见的全部 */
                type?: "VISITOR" | "COUNSELOR" | "SUPERVISOR" | "INSTITUTION" | "SYSTEM";
                /** @description 用户名，模糊查询 */
                username?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed_PersonView"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_maxconsults: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["MaxConsults"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    put_user_ms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NewBackOffice"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_ms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NamedStaff"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    put_user_ms_counselor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NewStaff"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_ms_counselor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NamedStaff"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_ms_counselor_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 用户名或用户id */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["StaffProfile"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    delete_user_ms_counselor_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 用户名或用户id */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_user_ms_counselor_list: {
        parameters: {
            query?: {
                /** @description 部门 */
                department?: string;
                /** @description 性别 */
                gender?: string;
                /** @description 机构编码，仅系统管理员可用 */
                institutionCode?: string;
                /** @description 姓名，未填姓名的访客为“访客 12”，模糊查询 */
                name?: string;
                /** @description 页码，首页为 1 */
                page?: number;
                /** @description 手机号；对咨询师不开放 */
                phoneNumber?: string;
                /** @description 数量，至多 200，默认 10 */
                size?: number;
                /** @description 用户名，模糊查询 */
                username?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed_PersonView"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    put_user_ms_supervisor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NewStaff"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_ms_supervisor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NamedStaff"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_ms_supervisor_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 用户名或用户id */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["StaffProfile"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    delete_user_ms_supervisor_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 用户名或用户id */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_user_ms_supervisor_list: {
        parameters: {
            query?: {
                /** @description 部门 */
                department?: string;
                /** @description 性别 */
                gender?: string;
                /** @description 机构编码，仅系统管理员可用 */
                institutionCode?: string;
                /** @description 姓名，未填姓名的访客为“访客 12”，模糊查询 */
                name?: string;
                /** @description 页码，首页为 1 */
                page?: number;
                /** @description 手机号；对咨询师不开放 */
                phoneNumber?: string;
                /** @description 数量，至多 200，默认 10 */
                size?: number;
                /** @description 用户名，模糊查询 */
                username?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed_PersonView"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangedPassword"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_user_update: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["OwnProfile"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Done"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_visitor_ws: {
        parameters: {
            query?: {
                /** @description 重连时：已收到的最后一个 `seq` */
                since?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 已升级为 WebSocket */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    get_workbench_ws: {
        parameters: {
            query?: {
                /** @description `online`、`busy` 或 `away` */
                presence?: string;
                /** @description 重连时：已收到的最后一个 `seq` */
                since?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description 已升级为 WebSocket */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            403: components["responses"]["AccessDenied"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_wx_user_appid_phone: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 微信小程序APPID */
                appid: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PhoneProof"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_String"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
    post_wx_user_appid_subscribe: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 微信小程序APPID */
                appid: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Subscribe"];
            };
        };
        responses: {
            /** @description 成功，或业务拒绝 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answered_Subscription"];
                };
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["AccessDenied"];
            404: components["responses"]["NotFound"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Failed"];
            503: components["responses"]["Stopping"];
        };
    };
}
